"""The review queue: an administrator claims a flagged student and closes the alerts with a decision and a note."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.alerts.reviews import review_claim, review_decide
from analysis.api.door import DoorView
from analysis.api.serializers import (
    DecisionSerializer,
    ReviewDetailSerializer,
    ReviewQuerySerializer,
    ReviewSerializer,
)
from analysis.models import Review
from students.access import Action


class ReviewsView(DoorView):
    """Reviews of flagged students."""

    doors = {"GET": Action.REVIEW_VIEW}

    @extend_schema(
        operation_id="reviews_list", parameters=[ReviewQuerySerializer], responses=ReviewSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """Reviews, the longest waiting first."""
        reviews = Review.objects.filter(**self.validated(ReviewQuerySerializer)).select_related("reviewer")
        return self.results_page(self.rows(reviews.order_by("opened_at", "pk")), ReviewSerializer, "reviews")


class ReviewDoor(DoorView):
    """Base of the views of one review."""

    def review(self, pk: UUID) -> Review:
        """The review on which the user may do this request's action; 404 otherwise."""
        return self.row(Review.objects.select_related("student"), pk)

    def representation(self, pk: UUID) -> dict[str, Any]:
        """The review as it is now, with its alerts; this is looking at results."""
        review = Review.objects.select_related("reviewer").prefetch_related("alerts__rule").get(pk=pk)
        self.results_viewed(review.student_id, "review", review.pk)
        return dict(ReviewDetailSerializer(review).data)


class ReviewView(ReviewDoor):
    """One review."""

    doors = {"GET": Action.REVIEW_VIEW}

    @extend_schema(operation_id="reviews_get", responses=ReviewDetailSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        """A review with the alerts it gathers."""
        return Response(self.representation(self.review(pk).pk))


class ReviewClaimView(ReviewDoor):
    """A review someone takes on."""

    doors = {"POST": Action.REVIEW_DECIDE}

    @extend_schema(operation_id="reviews_claim", request=None, responses=ReviewDetailSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Takes the review on."""
        review_claim(self.review(pk), by=self.user)
        return Response(self.representation(pk))


class ReviewDecideView(ReviewDoor):
    """A review that is closed."""

    doors = {"POST": Action.REVIEW_DECIDE}

    @extend_schema(operation_id="reviews_decide", request=DecisionSerializer, responses=ReviewDetailSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Closes the review and its alerts with a decision and a note."""
        review_decide(self.review(pk), by=self.user, **self.validated(DecisionSerializer))
        return Response(self.representation(pk))
