# fish completion for kmsctl
# Generated from the tree of commands by: python -m kmsctl.cli.generate
#
# What was typed is compared and passed on; it is never expanded. Functions below __kmsctl_complete
# share its variables. Words stand as fish takes them: the word, a tab, what it is.

#@tables@

function __kmsctl_complete
    set -l tokens (commandline -opc)
    set -l word (commandline -ct | string replace -ra '["\'\\\\]' '')
    set -l program kmsctl
    string match -q '*/kmsctl' -- $tokens[1]
    and set program (string replace -r '^~/' "$HOME/" -- $tokens[1])

    # What stands before the last word. `parts` are what names of resources depend on.
    set -l path
    set -l below
    set -l flags
    set -l positionals
    set -l parts
    set -l given
    set -l count 0
    set -l first
    set -l in_command ''
    set -l in_help ''
    set -l dashes ''
    set -l expected ''
    __kmsctl_below ''
    for each in $tokens[2..-1]
        set -l parameter ''
        set -l value $each
        if test -n "$expected"
            set parameter $expected
            set expected ''
        else if test "x$each" = x--
            set dashes yes
        else if test -z "$dashes"; and string match -q -- '-?*' $each
            set -l halves (string split -m 1 = -- $each)
            set parameter $halves[1]
            set value $halves[2]
            set -a given $parameter
            if not set -q halves[2]; and string match -q -- "$each="\t'*' $flags $__kmsctl_flags
                set expected $each
            end
        else if test -n "$in_command"
            test $count = 0; and set first $each
            __kmsctl_positional
            set parameter --$parameter
            set count (math $count + 1)
        else if test -z "$path" -a "x$each" = xkms
            continue
        else if test -z "$path$in_help" -a "x$each" = xhelp
            set in_help yes
        else
            set -a path $each
            if __kmsctl_command "$path"
                set in_command yes
            else if not __kmsctl_below "$path"
                return
            end
        end
        if contains -- "$parameter" --configuration --project --location --keyring --key
            set -a parts "$parameter=$value"
        end
    end

    # What the last word can become. `lead` is the part of it that stays.
    set -l lead ''
    set -l parameter
    if test -n "$expected"
        set parameter $expected
    else if test -z "$dashes"; and string match -q -- '--*=*' "$word"
        set -l halves (string split -m 1 = -- $word)
        set parameter $halves[1]
        set lead $parameter=
        set word $halves[2]
    else if test -z "$dashes"; and string match -q -- '-*' "$word"
        test -z "$in_help"; and __kmsctl_offer_flags
        return
    else if test -z "$in_command"
        printf '%s\n' $below
        return
    else
        __kmsctl_positional
        if test "$path $parameter" = 'config set value'
            # What fits depends on the property; a bare name is one of core.
            set parameter $first
            string match -q '*/*' -- $first; or set parameter core/$first
        end
    end
    test -z "$in_help" -a -n "$parameter"; or return
    set -l kind
    set -l found
    __kmsctl_values "$path:$parameter"; or return
    switch "$kind"
        case ''
            # All words that fit are found.
        case file
            set found (__fish_complete_path "$word")
        case '*'
            command -q $program; or return
            set found ($program --complete-names $kind "$word" $parts 2>/dev/null </dev/null)
    end
    set -q found[1]; and printf '%s\n' $lead$found
end

# The name of the positional that comes next; one that ends in ... takes all that are left.
function __kmsctl_positional --no-scope-shadowing
    set parameter $positionals[(math $count + 1)]
    test -z "$parameter"; and string match -q -- '*...' "$positionals[-1]"; and set parameter $positionals[-1]
    set parameter (string replace '...' '' -- $parameter)
end

function __kmsctl_offer_flags --no-scope-shadowing
    set -l found (string match -- "$word*" $flags $__kmsctl_flags)
    # Inverses are many, and seldom meant.
    string match -q -- '--no*' $word; or set found (string match -v -- '--no-*' $found)
    for each in $given
        set found (string match -v -- "$each="\t'*' $found | string match -v -- "$each"\t'*')
    end
    set -q found[1]; and printf '%s\n' $found
end

complete -c kmsctl -f -a '(__kmsctl_complete)'
