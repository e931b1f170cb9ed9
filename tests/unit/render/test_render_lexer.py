import pytest

from kmsctl.render.errors import ExpressionError
from kmsctl.render.lexer import KEY_STOPS, Lexer


@pytest.mark.parametrize(
    ("text", "position", "shown"),
    [
        ("name==3", 4, "name *HERE* ==3"),
        (":x", 0, "*HERE* :x"),
        ("name:", 5, "name: *HERE*"),
        ("a b", 2, "a *HERE* b"),
        ("a b", 1, "a *HERE* b"),
    ],
)
def test_the_place_is_marked(text: str, position: int, shown: str) -> None:
    assert Lexer(text).annotate(position) == shown


@pytest.mark.parametrize(
    ("text", "token", "rest"),
    [
        ("abc,d", "abc", ",d"),
        ("  abc d", "abc", " d"),
        ('"a b",c', "a b", ",c"),
        ("a'b c'd)", "ab cd", ")"),
        (r"a\"b", 'a"b', ""),
        (r"a\nb", r"a\nb", ""),
        (r'"a\\nb"', r"a\nb", ""),
        ('""', "", ""),
        (",x", None, ",x"),
        ("", None, ""),
    ],
)
def test_tokens(text: str, token: str | None, rest: str) -> None:
    lexer = Lexer(text)
    assert lexer.token(" ,)") == token
    assert lexer.text[lexer.position :] == rest


def test_key_parts_end_at_operators_and_brackets() -> None:
    assert Lexer("a-b_c$@`x.y").token(KEY_STOPS) == "a-b_c$@`x"
    for stop in "!#%&()*+,./:;<=>?[]^{|}~ ":
        assert Lexer(f"a{stop}b").token(KEY_STOPS) == "a"


def test_an_open_quote_is_refused() -> None:
    lexer = Lexer('a: "b')
    lexer.position = 2
    with pytest.raises(ExpressionError, match=r"^Unterminated \[\"\] quote \[a: \*HERE\* \"b\]\.$"):
        lexer.token(" ")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (")", []),
        ("1)", ["1"]),
        (" e , E )", ["e ", "E "]),
        ('"a,b", (c,d), e(f))', ["a,b", "(c,d)", "e(f)"]),
        ("x=1,y)", ["x=1", "y"]),
    ],
)
def test_arguments(text: str, arguments: list[str]) -> None:
    assert Lexer(text).arguments() == arguments


@pytest.mark.parametrize("text", ["1", "1,", ""])
def test_arguments_must_end(text: str) -> None:
    with pytest.raises(ExpressionError, match="More tokens expected"):
        Lexer(text).arguments()
