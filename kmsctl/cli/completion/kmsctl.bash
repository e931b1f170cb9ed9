# bash completion for kmsctl                                             -*- shell-script -*-
# Generated from the tree of commands by: python -m kmsctl.cli.generate
#
# What was typed is compared and passed on; it is never expanded. Functions below _kmsctl share its
# variables.

#@tables@

_kmsctl() {
  local IFS=$' \t\n' typed=$2 program=kmsctl
  local line=() word='' path='' in_command='' in_help='' dashes='' expected='' given=' ' first='' count=0
  local parts=() below='' flags='' positionals='' words='' kind='' lead='' parameter=''
  COMPREPLY=()
  # shellcheck disable=SC2088
  case "$1" in
    '~/'*/kmsctl) program=$HOME${1#'~'} ;;
    */kmsctl) program=$1 ;;
  esac
  _kmsctl_split
  _kmsctl_below ''
  _kmsctl_read || return 0
  _kmsctl_complete
  return 0
}

# readline parts words at = and : too. These are what blanks part, up to the cursor; the last is `word`.
_kmsctl_split() {
  local rest=${COMP_LINE:0:COMP_POINT} blanks piece i
  rest=${rest#*"${COMP_WORDS[0]}"}
  for ((i = 1; i <= COMP_CWORD; i++)); do
    piece=${COMP_WORDS[i]}
    blanks=${rest%%[![:space:]]*}
    rest=${rest#"$blanks"}
    [[ ${#rest} -lt ${#piece} ]] && piece=$rest
    rest=${rest#"$piece"}
    piece=${piece//[\"\'\\]/}
    if [[ -n $blanks || ${#line[@]} -eq 0 ]]; then
      line+=("$piece")
    else
      line[${#line[@]} - 1]+=$piece
    fi
  done
  if [[ ${#line[@]} -gt 0 ]]; then
    word=${line[${#line[@]} - 1]}
    unset "line[${#line[@]} - 1]"
  fi
}

# Reads what stands before the last word. Fails where nothing can follow.
_kmsctl_read() {
  local each
  for each in ${line[@]+"${line[@]}"}; do
    if [[ -n $expected ]]; then
      _kmsctl_note "$expected" "$each"
      expected=
    elif [[ -z $dashes && $each == -- ]]; then
      dashes=1
    elif [[ -z $dashes && $each == -?* ]]; then
      given+="${each%%=*} "
      if [[ $each == *=* ]]; then
        _kmsctl_note "${each%%=*}" "${each#*=}"
      elif [[ " $flags $_kmsctl_flags " == *" $each= "* ]]; then
        expected=$each
      fi
    elif [[ -z $in_command ]]; then
      _kmsctl_enter "$each" || return 1
    else
      _kmsctl_positional
      [[ $count -eq 0 ]] && first=$each
      _kmsctl_note "$parameter" "$each"
      parameter=
      count=$((count + 1))
    fi
  done
}

_kmsctl_enter() {
  if [[ -z $path && $1 == kms ]]; then
    return 0
  elif [[ -z $path$in_help && $1 == help ]]; then
    in_help=1
    return 0
  fi
  path=${path:+$path }$1
  if _kmsctl_command "$path"; then
    in_command=1
    below=
    return 0
  fi
  _kmsctl_below "$path"
}

# Keeps what names of resources depend on.
_kmsctl_note() {
  case "${1#--}" in
    configuration | project | location | keyring | key) parts+=("--${1#--}=$2") ;;
  esac
}

# The name of the positional that comes next; one that ends in ... takes all that are left.
_kmsctl_positional() {
  local each i=0
  parameter=
  for each in $positionals; do
    if [[ $i -eq $count || $each == *... ]]; then
      parameter=${each%...}
      return
    fi
    i=$((i + 1))
  done
}

_kmsctl_complete() {
  if [[ -n $expected ]]; then
    parameter=$expected
  elif [[ -z $dashes && $word == --*=* ]]; then
    parameter=${word%%=*}
    lead=$parameter=
    word=${word#*=}
  elif [[ -z $dashes && $word == -* ]]; then
    _kmsctl_offer_flags
    return
  elif [[ -z $in_command ]]; then
    words=$below
    _kmsctl_offer
    return
  else
    _kmsctl_positional
    if [[ "$path $parameter" == 'config set value' ]]; then
      # What fits depends on the property; a bare name is one of core.
      parameter=$first
      [[ $first == */* ]] || parameter=core/$first
    fi
  fi
  [[ -z $in_help && -n $parameter ]] && _kmsctl_values "$path" "$parameter" || return
  case "$kind" in
    '') _kmsctl_offer ;;
    file) _kmsctl_offer_files ;;
    *) _kmsctl_offer_names ;;
  esac
}

# readline replaces what it takes for the word, which may be the end of ours.
_kmsctl_reply() {
  local all=$lead$word reply=$lead$1
  if [[ -n $typed && $all == *"$typed" ]]; then
    reply=${reply#"${all%"$typed"}"}
  elif [[ -z $typed || $typed == [=:] ]]; then
    reply=${reply#"$all"}
  fi
  COMPREPLY+=("$reply")
}

_kmsctl_offer() {
  local each
  for each in $words; do
    [[ $each == "$word"* ]] && _kmsctl_reply "$each"
  done
}

_kmsctl_offer_flags() {
  local each
  [[ -n $in_help ]] && return
  for each in $flags $_kmsctl_flags; do
    [[ $each == "$word"* && $given != *" ${each%=} "* ]] || continue
    # Inverses are many, and seldom meant.
    [[ $each == --no-* && $word != --no* ]] || _kmsctl_reply "$each"
  done
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}

_kmsctl_offer_files() {
  local each
  # readline knows best, unless it takes the flag for a part of the name.
  if [[ -z $lead || $COMP_WORDBREAKS == *=* ]] && compopt -o default 2>/dev/null; then
    return
  fi
  while IFS= read -r each; do
    printf -v each %q "$each"
    _kmsctl_reply "${each/#'\~'/'~'}"
  done < <(compgen -f -- "$word")
}

_kmsctl_offer_names() {
  local each
  while IFS=$'\t' read -r each _; do
    _kmsctl_reply "$each"
  done < <("$program" --complete-names "$kind" "$word" ${parts[@]+"${parts[@]}"} 2>/dev/null </dev/null)
}

complete -F _kmsctl kmsctl
