"""The empty sheet that people fill in: headings with notes, lists to choose from, a guide."""

from typing import IO, Any

import xlsxwriter

from services.kit.languages import Words, say
from services.kit.sheets.declare import NO, YES, Column, Kind, Sheet, said
from services.kit.sheets.scan import MOST_ROWS

EXPLANATION = said("填写说明", "How to fill in", "འབྲི་ཐབས།", "Бөглөх заавар")
_REQUIRED = said("必填", "required", "ངེས་པར་འབྲི་དགོས།", "заавал")
_OPTIONAL = said("选填", "optional", "འདེམས་ཆོག", "сонголттой")
_EXAMPLE = said("示例", "Example", "དཔེར་ན", "Жишээ")
_HEADINGS = (
    said("列", "Column", "ཀ་པ", "Багана"),
    said("是否必填", "Required", "ངེས་པར་དགོས་མིན", "Заавал эсэх"),
    said("填写要求", "What to enter", "བླང་བྱ", "Юу бичих"),
    said("可选值", "Choices", "གདམ་ག", "Сонголт"),
    _EXAMPLE,
)
_SEVERAL = said("可填多个，用顿号隔开", "several may be given, separated by commas")
_LENGTH = said(
    "最多 {most} 个字", "at most {most} characters", None, "хамгийн ихдээ {most} тэмдэгт"
)
_KINDS: dict[Kind, Words] = {
    Kind.CODE: said("文本", "text"),
    Kind.DIVISION: said(
        "统计用区划代码，2、4、6、9 或 12 位数字", "a division code of 2, 4, 6, 9 or 12 digits"
    ),
    Kind.PHONE: said("电话号码", "a telephone number"),
    Kind.WHOLE: said("整数", "a whole number", "གྲངས་ཧྲིལ་པོ", "бүхэл тоо"),
    Kind.NUMBER: said("数字", "a number", "གྲངས", "тоо"),
    Kind.DAY: said("日期，如 2026-09-18", "a day such as 2026-09-18"),
    Kind.TIME: said("时间，如 2026-09-18 09:30", "a time such as 2026-09-18 09:30"),
    Kind.YES_NO: said("是或否", "yes or no", "ཡིན་ ཡང་ན་ མིན་", "тийм эсвэл үгүй"),
    Kind.CHOICE: said("从列表中选择", "one of the list"),
    Kind.CHOICES: said("从可选值中选择", "of the choices"),
}
_LISTS = "lists"
_FORMATS = {Kind.DAY: "yyyy-mm-dd", Kind.TIME: "yyyy-mm-dd hh:mm", Kind.WHOLE: "0"}


def write_template(sheet: Sheet, target: IO[bytes], language: str) -> None:
    """Write the template to `target`, in `language`; the reader knows every language's words."""

    def text(words: Words) -> str:
        return say(words, language)[0]

    book = xlsxwriter.Workbook(target, {"strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet(sheet.title(language)[:31])
    explanation = book.add_worksheet(text(EXPLANATION))
    lists = book.add_worksheet(_LISTS)
    lists.hide()
    head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True})
    for at, column in enumerate(sheet.columns):
        title = f"{column.title(language)}{'*' if column.required else ''}"
        # Text where every digit counts: else Excel makes 6.30102E+11 of a village's code.
        shape = book.add_format({"num_format": _FORMATS.get(column.kind, "@")})
        if column.kind is Kind.NUMBER:
            shape = None
        page.set_column(at, at, max(12, min(40, 2 * len(title) + 4)), shape)
        page.write_string(0, at, title, head)
        page.write_comment(0, at, _note(column, language), {"x_scale": 2})
        for row, choice in enumerate(_choices(column)):
            lists.write_string(row, at, text(choice))
        if rule := _validation(column, at):
            page.data_validation(1, at, MOST_ROWS, at, rule)
    page.freeze_panes(1, 0)
    _explain(sheet, explanation, head, language)
    book.close()


def _choices(column: Column) -> list[Words]:
    if column.kind is Kind.YES_NO:
        return [YES, NO]
    return [choice.words for choice in column.choices]


def _validation(column: Column, at: int) -> dict[str, Any] | None:
    """What Excel itself refuses while one types; our own rules ask again."""
    if column.kind in (Kind.CHOICE, Kind.YES_NO):
        letter = xlsxwriter.utility.xl_col_to_name(at)
        last = len(_choices(column))
        return {"validate": "list", "source": f"={_LISTS}!${letter}$1:${letter}${last}"}
    if column.kind in (Kind.WHOLE, Kind.NUMBER) and column.low is not None:
        kind = "integer" if column.kind is Kind.WHOLE else "decimal"
        if column.high is None:
            return {"validate": kind, "criteria": ">=", "value": column.low}
        return {
            "validate": kind,
            "criteria": "between",
            "minimum": column.low,
            "maximum": column.high,
        }
    if column.kind is Kind.TEXT:
        return {"validate": "length", "criteria": "<=", "value": column.most}
    return None


def _rules(column: Column, language: str) -> str:
    parts = [column.note] if column.note else []
    if column.kind is Kind.TEXT:
        parts.append({tag: words.format(most=column.most) for tag, words in _LENGTH.items()})
    else:
        parts.append(_KINDS[column.kind])
    if column.kind is Kind.CHOICES:
        parts.append(_SEVERAL)
    found = [say(words, language)[0] for words in parts]
    if column.low is not None and column.high is not None:
        found.append(f"{column.low:g}–{column.high:g}")
    return "；".join(found) if language == "zh-CN" else "; ".join(found)


def _note(column: Column, language: str) -> str:
    needed = say(_REQUIRED if column.required else _OPTIONAL, language)[0]
    lines = [needed, _rules(column, language)]
    if column.example:
        lines.append(f"{say(_EXAMPLE, language)[0]}: {column.example}")
    return "\n".join(lines)


def _explain(sheet: Sheet, page: Any, head: Any, language: str) -> None:
    for at, (words, width) in enumerate(zip(_HEADINGS, (24, 12, 60, 60, 24), strict=True)):
        page.set_column(at, at, width)
        page.write_string(0, at, say(words, language)[0], head)
    for row, column in enumerate(sheet.columns, 1):
        line = (
            column.title(language),
            say(_REQUIRED if column.required else _OPTIONAL, language)[0],
            _rules(column, language),
            "、".join(say(words, language)[0] for words in _choices(column)),
            column.example,
        )
        for at, text in enumerate(line):
            page.write_string(row, at, text)
    if sheet.note:
        page.write_string(len(sheet.columns) + 2, 0, say(sheet.note, language)[0])
