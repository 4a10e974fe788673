"""Files that administrators import: uploaded, tried, applied; history and reports.

An upload is streamed to disk and tried by the hub's importer beside the pages; these only ask for
work and show how far it is. What `hub import` does on the command line is the same work.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import FileResponse, RedirectResponse, Response

from core.datum import Datum
from core.errors import Conflict, NotFound
from core.journal import Actor
from dashboard.access import Action
from dashboard.deps import AppContext, Context, CurrentActor, require, verified_csrf
from dashboard.problems import OK, SEE_OTHER, UNPROCESSABLE
from dashboard.web import render
from devices import register_import
from devices.import_jobs import LARGEST, Job, Jobs

if TYPE_CHECKING:
    from starlette.datastructures import FormData

MAY = [Depends(require(Action.IMPORT_FILES))]
PROVEN = [*MAY, Depends(verified_csrf)]
MARK = "\ufeff"
router = APIRouter(include_in_schema=False)


def jobs_of(context: AppContext) -> Jobs:
    """The uploaded files of this data folder."""
    return Jobs(context.data_folder / "imports" / "jobs", context.clock)


@router.get("/imports", dependencies=MAY)
def listed(request: Request, context: Context) -> Response:
    """The form for another file, and what was imported."""
    return _page(request, context)


def _page(request: Request, context: AppContext, wrong: str = "", kind: str = "lifts") -> Response:
    return render.page(
        request,
        "staff/imports.html",
        status=UNPROCESSABLE if wrong else OK,
        values={
            "jobs": jobs_of(context).newest(),
            "kinds": list(register_import.sheets()),
            "datums": [*Datum],
            "most_mb": LARGEST >> 20,
            "wrong": wrong,
            "kind": kind,
        },
    )


@router.post("/imports", dependencies=PROVEN)
async def upload(request: Request, context: Context, actor: CurrentActor) -> Response:
    """Keep a file to be tried. Read by hand: whoever may not is refused before the body is."""
    async with request.form() as told:
        return await run_in_threadpool(_uploaded, request, context, actor, told)


def _uploaded(request: Request, context: AppContext, actor: Actor, told: "FormData") -> Response:
    file, kind, datum = told.get("file"), str(told.get("kind", "")), str(told.get("datum", ""))
    if not isinstance(file, UploadFile) or not file.filename:
        return _page(request, context, "file", kind)
    if kind not in register_import.sheets() or datum not in {*Datum}:
        return _page(request, context, "kind")
    name = Path(file.filename.replace("\\", "/")).name
    try:
        job = jobs_of(context).upload(kind, name, file.file, actor, Datum(datum))
    except Conflict:
        return _page(request, context, "large", kind)
    return RedirectResponse(f"/imports/at/{job}", SEE_OTHER)


@router.get("/imports/template/{kind}.csv", dependencies=MAY)
def template(kind: str) -> Response:
    """The header and a sample row of a kind of file."""
    sheets = register_import.sheets()
    if kind not in sheets:
        raise NotFound("kind of file", kind)
    headers = {"Content-Disposition": f'attachment; filename="{kind}.csv"'}
    text = MARK + sheets[kind].template()
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/imports/at/{job_id}", dependencies=MAY)
def card(request: Request, job_id: str, context: Context) -> Response:
    """One file: what it would do, how far it is, what became of it."""
    return render.page(request, "staff/import.html", values=_values(context, job_id))


@router.get("/fragments/imports/{job_id}", dependencies=MAY)
def fragment(request: Request, job_id: str, context: Context) -> Response:
    """What changes on that page."""
    return render.page(request, "staff/import_body.html", values=_values(context, job_id))


def _values(context: AppContext, job_id: str) -> dict[str, object]:
    jobs = jobs_of(context)
    job = jobs.job(job_id)
    report = None if job.waits else jobs.report(job_id)
    rows = jobs.first_rows(job_id) if report else []
    return {"job": job, "rows": rows, "report": report is not None, "share": _share(job)}


def _share(job: Job) -> int | None:
    """How much is done in hundredths; None where nobody knows how much there is."""
    return min(100, 100 * job.done // job.whole) if job.whole else None


@router.get("/imports/at/{job_id}/report.csv", dependencies=MAY)
def report(job_id: str, context: Context) -> Response:
    """The answer to every row."""
    jobs = jobs_of(context)
    job, path = jobs.job(job_id), jobs.report(job_id)
    if path is None:
        raise NotFound("report", job_id)
    name = f"{job.kind}-{job_id[-6:]}.csv"
    return FileResponse(path, media_type="text/csv; charset=utf-8", filename=name)


@router.post("/imports/at/{job_id}/apply", dependencies=PROVEN)
async def apply(request: Request, job_id: str, context: Context) -> Response:
    """Let it be applied: wholly, or the good rows alone."""
    async with request.form() as told:
        skip_bad = told.get("bad") == "skip"
    await run_in_threadpool(jobs_of(context).ask, job_id, skip_bad=skip_bad)
    return RedirectResponse(f"/imports/at/{job_id}", SEE_OTHER)


@router.post("/imports/at/{job_id}/stop", dependencies=PROVEN)
def stop(job_id: str, context: Context) -> Response:
    """Stop it, or never apply it; what is applied stays."""
    jobs_of(context).cancel(job_id)
    return RedirectResponse(f"/imports/at/{job_id}", SEE_OTHER)
