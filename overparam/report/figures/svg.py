"""SVG as matplotlib writes it, without what no reader sees: a quarter of its size."""

import re
from itertools import dropwhile, groupby, product
from string import ascii_lowercase

OF_NO_USE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL)
BETWEEN_TAGS = re.compile(r">\s*\n\s*<")
TAG = re.compile(r"<[^>]*>")  # texts between them stay as they are
FORMULA = re.compile(r"(?<=<text>)(?:<tspan [^>]*>[^<]*</tspan>)+(?=</text>)")
LETTER = re.compile(r'<tspan x="([^"]*)"([^>]*)>([^<]*)</tspan>')
NO_TURN = re.compile(r' transform="rotate\(-?0 [^)]*\)"')
AROUND_LETTER = re.compile(r"(?<=[\dzZ\"]) ?\n?(?=[MLCQzZ\"])|(?<=[MLCQ]) ")
NUMBER = re.compile(r"-?\d+\.\d{2,}")
NAME = re.compile(r' id="([^"]*)"')
USED = re.compile(r'(?:url\(|href=")#([^")]*)')
STYLE = re.compile(r' style="([^"]*)"')
EMPTY = re.compile(r"<(g|defs)></\1>")
AROUND_ONE = re.compile(r"<g>(<(?:path|use|rect)\b[^>]*/>|<text\b[^>]*>[^<]*</text>)</g>")
LINES = re.compile(r'<path d="[^"z]*"( clip-path="[^"]*" class="\w+")/>(?:<path d="[^"z]*"\1/>)+')
LINE = re.compile(r' d="([^"]*)"')
USES = re.compile(r'<use [^>]*( class="\w+")/>(?:<use [^>]*\1/>)+')
ROUND = "*{stroke-linejoin:round;stroke-linecap:butt}"


def slim(svg: str) -> str:
    """The same picture in fewer characters.

    Every style is said once; coordinates keep a hundredth of a point up to ten, and a tenth beyond; comments, metadata,
    and names that nothing refers to go; lines that look alike are one path. Texts stay, and the letters of a formula,
    which matplotlib sets one by one in the order of their styles, are words again.
    """
    svg = BETWEEN_TAGS.sub("><", OF_NO_USE.sub("", svg)).strip().replace("xlink:href", "href")
    svg = FORMULA.sub(_in_reading_order, svg)
    names = _numbered(dict.fromkeys(USED.findall(svg)))
    styles = _numbered(dict.fromkeys(STYLE.findall(svg)))

    def slim_tag(match: re.Match[str]) -> str:
        tag = NAME.sub(lambda name: f' id="{names[name[1]]}"' if name[1] in names else "", match[0])
        tag = USED.sub(lambda used: used[0].replace(used[1], names[used[1]]), tag)
        tag = STYLE.sub(lambda style: f' class="{styles[style[1]]}"', tag)
        tag = NO_TURN.sub("", tag).replace(' xmlns:xlink="http://www.w3.org/1999/xlink"', "")
        return NUMBER.sub(_rounded, AROUND_LETTER.sub("", tag))

    svg = AROUND_ONE.sub(r"\1", EMPTY.sub("", TAG.sub(slim_tag, svg)))
    svg = LINES.sub(lambda run: f'<path d="{"".join(LINE.findall(run[0]))}"{run[1]}/>', svg)
    svg = USES.sub(lambda run: f"<g{run[1]}>{run[0].replace(run[1], '')}</g>", svg)
    rules = "".join(f".{name}{{{re.sub('(?<=[:;,]) ', '', style)}}}" for style, name in styles.items())
    return svg.replace("><", f"><style>{ROUND}{rules.replace(chr(39), '')}</style><", 1)


def _in_reading_order(formula: re.Match[str]) -> str:
    letters = sorted(LETTER.findall(formula[0]), key=lambda letter: float(letter[0]))
    runs = []
    for style, run in groupby(letters, key=lambda letter: letter[1]):
        shown = list(dropwhile(lambda letter: not letter[2].strip(), run))  # a space takes no room where a text begins
        if shown:
            runs.append(
                f'<tspan x="{shown[0][0]}"{style}>{"".join(letter[2] for letter in shown)}</tspan>'.replace("\xa0", " ")
            )
    return "".join(runs)


def _numbered(known: dict[str, None]) -> dict[str, str]:
    """Short names, in order."""
    short = ("".join(letters) for length in (1, 2, 3) for letters in product(ascii_lowercase, repeat=length))
    return dict(zip(known, short, strict=False))


def _rounded(number: re.Match[str]) -> str:
    value = float(number[0])
    return f"{value:.{1 if abs(value) >= 10 else 2}f}".rstrip("0").rstrip(".")
