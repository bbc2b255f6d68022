"""Uses the Tableau REST API as an independent client does: tableauserverclient from PyPI, unchanged.

Usage: tableau_client.py <settings.json>; the settings name the server, the credentials and the files to publish.
Prints one JSON object with what was seen. Any failed expectation raises.
"""

import json
import os
import sys
import tempfile
import time
import uuid
import zipfile
from importlib.metadata import version

import jwt
import tableauserverclient as TSC
from tableauhyperapi import Connection, HyperProcess, Telemetry

SCOPES = [
    "tableau:content:read",
    "tableau:datasources:create",
    "tableau:file_uploads:create",
    "tableau:jobs:read",
]


def read_rows(hyper_path, table):
    """The rows of a table of an extract, read by the official API."""
    with HyperProcess(telemetry=Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU, parameters={"log_config": ""}) as hyper:
        with Connection(endpoint=hyper.endpoint, database=hyper_path) as connection:
            return connection.execute_list_query(f'SELECT * FROM "Extract"."{table}" ORDER BY 1')


def signed_in_by_token(settings):
    server = TSC.Server(settings["url"], use_server_version=True)
    server.auth.sign_in(TSC.PersonalAccessTokenAuth(settings["token_name"], settings["token_secret"], settings["site"]))
    assert server.version == settings["rest_version"], server.version
    return server


def make_jwt(settings, **changes):
    app = settings["connected_app"]
    claims = {
        "iss": app["client_id"],
        "aud": "tableau",
        "sub": settings["user"],
        "jti": str(uuid.uuid4()),
        "exp": int(time.time()) + 300,
        "scp": SCOPES,
        **changes,
    }
    return jwt.encode(claims, app["secret_value"], algorithm="HS256", headers={"kid": app["secret_id"], "iss": app["client_id"]})


def check_sign_in(settings):
    first = signed_in_by_token(settings)
    second = signed_in_by_token(settings)
    try:
        first.projects.get()
        raise AssertionError("the first session outlived the second sign-in with the same token")
    except TSC.FailedSignInError as error:
        assert error.code == "401002", error.code
    try:
        TSC.Server(settings["url"]).auth.sign_in(TSC.PersonalAccessTokenAuth(settings["token_name"], "wrong", settings["site"]))
        raise AssertionError("a wrong token was accepted")
    except TSC.FailedSignInError as error:
        assert error.code == "401001", error.code
    return second


def check_jwt(settings):
    server = TSC.Server(settings["url"], use_server_version=True)
    server.auth.sign_in_with_json_web_token = server.auth.sign_in
    server.auth.sign_in(TSC.JWTAuth(make_jwt(settings), site_id=settings["site"]))
    server.projects.get()
    for changes in (
        {"aud": "other"},
        {"iss": str(uuid.uuid4())},
        {"exp": int(time.time()) - 60},
        {"exp": int(time.time()) + 3600},
        {"sub": "nobody@example.com"},
    ):
        try:
            TSC.Server(settings["url"]).auth.sign_in(TSC.JWTAuth(make_jwt(settings, **changes), site_id=settings["site"]))
            raise AssertionError(f"a token with {changes} was accepted")
        except TSC.FailedSignInError as error:
            assert error.code == "401001", error.code
    narrow = TSC.Server(settings["url"], use_server_version=True)
    narrow.auth.sign_in(TSC.JWTAuth(make_jwt(settings, scp=["tableau:content:read"]), site_id=settings["site"]))
    try:
        narrow.fileuploads.initiate()
        raise AssertionError("an upload without its scope was accepted")
    except TSC.ServerResponseError as error:
        assert error.code == "403004", error.code


def check_projects(server):
    parent = server.projects.create(TSC.ProjectItem("Usage", description="Usage & commitment"))
    child = server.projects.create(TSC.ProjectItem("Nightly", parent_id=parent.id))
    for number in range(5):
        server.projects.create(TSC.ProjectItem(f"Extra {number}"))
    seen = [project.name for project in TSC.Pager(server.projects, TSC.RequestOptions(pagesize=2))]
    assert len(seen) == 8 and len(set(seen)) == 8, seen
    found = server.projects.get_by_path("Usage/Nightly")
    assert found is not None and found.id == child.id
    assert server.projects.get_by_path("Usage/Absent") is None
    try:
        server.projects.create(TSC.ProjectItem("Usage"))
        raise AssertionError("a second project of one name was accepted")
    except TSC.ServerResponseError as error:
        assert error.code.startswith("409"), error.code
    return child


def check_publishing(server, project, settings):
    source = server.datasources.publish(TSC.DatasourceItem(project.id, "meterline"), settings["tdsx"], "CreateNew")
    try:
        server.datasources.publish(TSC.DatasourceItem(project.id, "meterline"), settings["tdsx"], "CreateNew")
        raise AssertionError("a second data source of one name was accepted")
    except TSC.ServerResponseError as error:
        assert error.code.startswith("409"), error.code
    again = server.datasources.publish(TSC.DatasourceItem(project.id, "meterline"), settings["tdsx"], "Overwrite")
    assert again.id == source.id
    job = server.datasources.publish(
        TSC.DatasourceItem(project.id, "meterline"), settings["tdsx"], "Overwrite", as_job=True
    )
    assert server.jobs.wait_for_job(job, timeout=60).finish_code == TSC.JobItem.FinishCode.Success
    workbook = TSC.WorkbookItem(project.id, "meterline", show_tabs=True)
    book = server.workbooks.publish(workbook, settings["twbx"], "CreateNew")
    assert server.workbooks.publish(TSC.WorkbookItem(project.id, "meterline"), settings["twbx"], "Overwrite").id == book.id
    found, _ = server.datasources.get(
        TSC.RequestOptions().page_size(1)
    )
    assert [item.name for item in found] == ["meterline"], found
    return source, book


def check_broken_file(server, project, folder):
    torn = os.path.join(folder, "torn.tdsx")
    with open(torn, "wb") as out:
        out.write(b"PK\x03\x04 this is not a whole package")
    job = server.datasources.publish(TSC.DatasourceItem(project.id, "torn"), torn, "CreateNew", as_job=True)
    try:
        server.jobs.wait_for_job(job, timeout=60)
        raise AssertionError("a torn package was published")
    except TSC.JobFailedException as error:
        assert "zip" in " ".join(error.notes), error.notes
    assert all(item.name != "torn" for item in TSC.Pager(server.datasources))


def check_chunks(server, project, settings, folder):
    """Above TSC_FILESIZE_LIMIT_MB the client uploads in chunks of TSC_CHUNK_SIZE_MB."""
    os.environ["TSC_FILESIZE_LIMIT_MB"] = "0"
    os.environ["TSC_CHUNK_SIZE_MB"] = "1"
    big = server.datasources.publish(TSC.DatasourceItem(project.id, "rows"), settings["hyper"], "CreateNew")
    del os.environ["TSC_FILESIZE_LIMIT_MB"]
    got = server.datasources.download(big.id, os.path.join(folder, "rows"))
    with open(got, "rb") as left, open(settings["hyper"], "rb") as right:
        assert left.read() == right.read(), "the file changed on its way through the chunks"
    return big


def check_update(server, source, settings, folder):
    def act(request_id, actions, payload=None):
        job = server.datasources.update_hyper_data(source, request_id=request_id, actions=actions, payload=payload)
        server.jobs.wait_for_job(job, timeout=60)

    by_id = {"op": "eq", "source-col": "id", "target-col": "id"}
    table = settings["table"]
    upsert = [{"action": "upsert", "source-table": table, "target-table": table, "condition": by_id}]
    act("upsert-1", upsert, settings["payload"])
    insert = [{"action": "insert", "source-table": table, "target-table": table}]
    act("insert-1", insert, settings["payload"])
    act("insert-1", insert, settings["payload"])  # the same request id: executed once
    below = {"op": "lt", "target-col": "id", "const": {"type": "integer", "v": 2}}
    act("delete-1", [{"action": "delete", "target-table": table, "condition": below}])
    path = server.datasources.download(source.id, os.path.join(folder, "updated"))
    return [[str(value) for value in row] for row in read_rows(path, table)]


def check_permissions(server, source):
    group = server.groups.get()[0][0]
    rule = TSC.PermissionsRule(grantee=group, capabilities={
        TSC.Permission.Capability.Read: TSC.Permission.Mode.Allow,
        TSC.Permission.Capability.Connect: TSC.Permission.Mode.Deny,
    })
    server.datasources.update_permissions(source, [rule])
    server.datasources.populate_permissions(source)
    assert source.permissions[0].capabilities == rule.capabilities, source.permissions
    server.datasources.delete_permission(source, TSC.PermissionsRule(group, {"Connect": "Deny"}))
    server.datasources.populate_permissions(source)
    assert source.permissions[0].capabilities == {"Read": "Allow"}, source.permissions


def check_downloads(server, source, book, settings, folder):
    got_source = server.datasources.download(source.id, os.path.join(folder, "source"))
    got_book = server.workbooks.download(book.id, os.path.join(folder, "book"))
    for got, wanted in ((got_source, settings["tdsx"]), (got_book, settings["twbx"])):
        assert got.endswith(os.path.splitext(wanted)[1]), got
        with open(got, "rb") as left, open(wanted, "rb") as right:
            assert left.read() == right.read(), got
    return zipfile.ZipFile(got_book).namelist()


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    with tempfile.TemporaryDirectory() as folder:
        check_jwt(settings)
        server = check_sign_in(settings)
        site = server.sites.get_by_id(server.site_id)
        assert site.content_url == settings["site"], site.content_url
        project = check_projects(server)
        source, book = check_publishing(server, project, settings)
        members = check_downloads(server, source, book, settings, folder)
        check_broken_file(server, project, folder)
        rows_source = check_chunks(server, project, settings, folder)
        rows = check_update(server, rows_source, settings, folder)
        check_permissions(server, source)
        server.workbooks.delete(book.id)
        assert list(TSC.Pager(server.workbooks)) == []
        server.auth.sign_out()
    print(json.dumps({"client": version("tableauserverclient"), "rows": rows, "workbook_members": members}))


if __name__ == "__main__":
    main()
