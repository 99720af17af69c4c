"""How a report looks on paper: fonts, styles, chart, tables. Knows reportlab; ``reports`` knows the student.

Latin text is set in Helvetica. What Helvetica does not have, Chinese names above all, is set in STSong-Light, one of
the fonts every PDF reader is expected to bring; it is named in the file and not part of it, since no CJK font that may
be passed on comes with the packages in use. A report with Chinese in it says so at its end.
"""

import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from django.utils.translation import gettext
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.charts.lineplots import LinePlot
from reportlab.graphics.shapes import Drawing
from reportlab.graphics.widgets.markers import makeMarker
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table, TableStyle

from analysis.trends.series import Trend
from analysis.wording import is_chinese

CJK_FONT = "STSong-Light"
INK, QUIET, RULE, ACCENT, ALERT = (HexColor(code) for code in ("#25313a", "#66727a", "#d5dadd", "#1f6f78", "#b3261e"))
WIDTH = A4[0] - 36 * mm

pdfmetrics.registerFont(UnicodeCIDFont(CJK_FONT))


def style(name: str) -> ParagraphStyle:
    """The style of a title, heading, body text, small print, table cell or table head."""
    wrap = {"wordWrap": "CJK"} if is_chinese() else {}
    base = {"fontName": "Helvetica", "textColor": INK, **wrap}
    return {
        "title": ParagraphStyle(
            "title", **{**base, "fontName": "Helvetica-Bold"}, fontSize=18, leading=23, spaceAfter=3
        ),
        "heading": ParagraphStyle(
            "heading",
            **{**base, "fontName": "Helvetica-Bold"},
            fontSize=12,
            leading=16,
            spaceBefore=12,
            spaceAfter=4,
            keepWithNext=1,
        ),
        "body": ParagraphStyle("body", **base, fontSize=9.5, leading=13.5, spaceAfter=4),
        "small": ParagraphStyle("small", **{**base, "textColor": QUIET}, fontSize=8.5, leading=12, spaceAfter=3),
        "warning": ParagraphStyle(
            "warning", **{**base, "textColor": ALERT}, fontSize=9.5, leading=13.5, spaceAfter=6, borderPadding=4
        ),
        "cell": ParagraphStyle("cell", **base, fontSize=8.5, leading=11),
        "head": ParagraphStyle("head", **{**base, "fontName": "Helvetica-Bold"}, fontSize=8, leading=10),
    }[name]


def words(text: object, kind: str = "body") -> Paragraph:
    """A paragraph of plain text; nothing in it is read as markup."""
    return Paragraph(marked(str(text).replace(" %", "\u00a0%")), style(kind))


def marked(text: str) -> str:
    """The text as reportlab markup, with the CJK font around every run that Helvetica cannot show."""
    parts = re.split(r"([^\x00-\xff–—‘’“”•…€]+)", text)
    return "".join(
        f'<font name="{CJK_FONT}">{escape(part)}</font>' if odd else escape(part)
        for part, odd in zip(parts, [False, True] * len(parts), strict=False)
    )


def font_note(parts: Sequence[object]) -> list[Paragraph]:
    """What to do where the Chinese of a report is not shown; nothing for a report without any.

    In English in every language: Latin letters are shown by every reader.
    """
    fonts = {fragment.fontName for part in parts if isinstance(part, Paragraph) for fragment in part.frags}
    if CJK_FONT not in fonts:
        return []
    text = "Chinese characters in this file are shown with a font of the reading computer. Where they are missing, "
    return [words(text + "open the file on a computer with a Chinese font, or print it from there.", "small")]


def table(head: Sequence[str], rows: Sequence[Sequence[object]], widths: Sequence[float]) -> Table:
    """A table whose head is repeated on every page; widths are shares of the page's."""
    cells = [[words(cell, "head") for cell in head], *([words(cell, "cell") for cell in row] for row in rows)]
    grid = Table(cells, colWidths=[WIDTH * width / sum(widths) for width in widths], repeatRows=1)
    grid.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, INK),
                ("LINEBELOW", (0, 1), (-1, -1), 0.3, RULE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ("TOPPADDING", (0, 0), (-1, -1), 2.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ]
        )
    )
    return grid


def chart(trend: Trend) -> Drawing | None:
    """Negative share per session with running average, baseline and limit; None if nothing was judged.

    The horizontal axis counts the sessions as the table below it does.
    """
    numbered = [(i, p) for i, p in enumerate(trend.points, start=1) if p.session.negative_share is not None]
    if not numbered:
        return None
    monitored = [(i, p) for i, p in numbered if p.ewma is not None]
    font = CJK_FONT if is_chinese() else "Helvetica"
    lines: list[tuple[str, list[tuple[float, float]], Color, float, Any]] = [
        (
            gettext("negative share of the session"),
            [(i, p.session.negative_share or 0.0) for i, p in numbered],
            INK,
            0.8,
            makeMarker("FilledCircle", size=4),
        ),
    ]
    if trend.baseline:
        ends = [(1.0, trend.baseline.centre), (float(len(trend.points)), trend.baseline.centre)]
        lines.append((gettext("baseline"), ends, QUIET, 0.8, None))
    if monitored:
        lines.append((gettext("running average"), [(i, p.ewma or 0.0) for i, p in monitored], ACCENT, 2, None))
        lines.append(
            (gettext("upper control limit"), [(i, min(p.upper or 0.0, 1.0)) for i, p in monitored], ALERT, 0.8, None)
        )
    drawing = Drawing(WIDTH, 165)
    plot = LinePlot()
    plot.x, plot.y, plot.width, plot.height = 32, 42, WIDTH - 44, 118
    plot.data = [points for _, points, *_ in lines]
    for number, (_, _, colour, width, marker) in enumerate(lines):
        plot.lines[number].strokeColor, plot.lines[number].strokeWidth = colour, width
        plot.lines[number].symbol = marker
        if marker is not None:
            marker.fillColor, marker.strokeColor = INK, white
    axis = plot.xValueAxis
    axis.valueMin, axis.valueMax = 0.5, len(trend.points) + 0.5
    step = -(-len(trend.points) // 20)
    axis.valueSteps = list(range(1, len(trend.points) + 1, step))
    axis.labelTextFormat = "%d"
    plot.yValueAxis.valueMin, plot.yValueAxis.valueMax, plot.yValueAxis.valueStep = 0, 1, 0.25
    plot.yValueAxis.labelTextFormat = lambda share: f"{100 * share:.0f} %"
    plot.yValueAxis.visibleGrid, plot.yValueAxis.gridStrokeColor = True, RULE
    for one in (plot.xValueAxis, plot.yValueAxis):
        one.labels.fontName, one.labels.fontSize, one.labels.fillColor = "Helvetica", 7.5, QUIET
        one.strokeColor = RULE
    drawing.add(plot)
    legend = Legend()
    legend.x, legend.y, legend.boxAnchor, legend.alignment = 32, 6, "sw", "right"
    legend.columnMaximum, legend.deltax, legend.dx, legend.dy, legend.strokeWidth = 1, 10, 10, 4, 0
    legend.fontName, legend.fontSize, legend.fillColor = font, 8, INK
    legend.variColumn = True
    legend.colorNamePairs = [(colour, name) for name, _, colour, *_ in lines]
    drawing.add(legend)
    return drawing


def footer(stamp: str) -> Any:
    """Draws the foot of every page: what this is, what it is not, when it was made, which page."""

    def draw(canvas: Canvas, document: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(QUIET)
        canvas.setFont(CJK_FONT if is_chinese() else "Helvetica", 7.5)
        left = gettext("EmoRec report, %(when)s. Estimates of a model, not a diagnosis.") % {"when": stamp}
        canvas.drawString(18 * mm, 11 * mm, left)
        canvas.drawRightString(A4[0] - 18 * mm, 11 * mm, gettext("Page %(number)d") % {"number": document.page})
        canvas.restoreState()

    return draw
