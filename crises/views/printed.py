"""The plan of a crisis as one sheet of paper, in PDF."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crises import printed
from crises.listing import levels
from crises.views.scope import inside, readers, seen_crisis
from crises.views.then import as_of, stood

# /crises/<reference>/plan.pdf


@readers
@as_of
@require_safe
def plan_pdf(request, reference, then=None):
    """The plan on one A4 page, landscape. Nine queries: session, reader, crisis with its levels, and the sheet's six.
    One more for the past.

    A server without the libraries that draw it answers 501 and says how to print the plan's page instead.
    """
    at = then and then.at
    crisis = stood(request, seen_crisis(request, reference, **levels(at)), then)
    plan = reverse("plan", args=[reference]) + (then.query if then else "")
    try:
        drawn = printed.sheet(
            crisis,
            reader=request.user,
            inside=inside(request.user),
            address=request.build_absolute_uri(plan),
            as_of=at,
        )
    except printed.Unavailable:
        page = reverse("plan", args=[reference]) + "?phase=all" + (then.more if then else "")
        return render(request, "crises/no_pdf.html", {"page": page}, status=501)
    response = HttpResponse(printed.pdf(drawn), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="plan-{crisis.reference}.pdf"'
    return response
