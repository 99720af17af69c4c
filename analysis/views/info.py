"""Help in plain words, and how reliable the recognition is."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.emotions import EMOTIONS, UNCLEAR_MARGIN
from analysis.intake.admission import limits
from analysis.presentation.model_card import read_card, source_rows, speakers_by_language
from students.access import Action, door


@door(Action.ACCOUNT)
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What the system does, what it cannot do, and what to do when something goes wrong."""
    return render(
        request,
        "analysis/info/help.html",
        {"limits": limits(), "emotions": EMOTIONS, "unclear_points": round(100 * UNCLEAR_MARGIN)},
    )


@door(Action.ACCOUNT)
@require_safe
def model_card(request: HttpRequest) -> HttpResponse:
    """The model card: trained on what, how often right on people it had not seen, and its limits."""
    context = {"card": read_card(), "sources": source_rows(), "languages": speakers_by_language()}
    return render(request, "analysis/info/model_card.html", context)
