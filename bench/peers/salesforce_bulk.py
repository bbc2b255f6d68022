"""Bulk API 2.0 over loopback, for the peers."""

import os
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

API = 'services/data/v67.0'


class LoopbackAdapter(HTTPAdapter):
    """Sends every request to one plain http address: simple-salesforce builds only https ones."""

    def __init__(self, url):
        super().__init__()
        self._target = urlsplit(url)

    def send(self, request, *args, **kwargs):
        asked = urlsplit(request.url)
        request.url = urlunsplit((self._target.scheme, self._target.netloc, asked.path, asked.query, ''))
        return super().send(request, *args, **kwargs)


def signed_in(url):
    """A session and its token; credentials come from the environment."""
    session = requests.Session()
    session.trust_env = False
    session.mount('https://', LoopbackAdapter(url))
    grant = {
        'grant_type': 'client_credentials',
        'client_id': os.environ['BENCH_CLIENT_ID'],
        'client_secret': os.environ['BENCH_CLIENT_SECRET'],
    }
    answer = session.post(f'{url}/services/oauth2/token', data=grant)
    answer.raise_for_status()
    return session, answer.json()['access_token']


def account_pages(url, query, page_rows):
    """The CSV body of each page of results, as bytes: the leanest client there can be."""
    session, token = signed_in(url)
    session.headers['authorization'] = f'Bearer {token}'
    body = {'operation': 'queryAll', 'query': query, 'contentType': 'CSV', 'lineEnding': 'LF'}
    created = session.post(f'{url}/{API}/jobs/query', json=body)
    created.raise_for_status()
    results = f'{url}/{API}/jobs/query/{created.json()["id"]}/results'
    locator = {}
    while True:
        answer = session.get(results, params={'maxRecords': page_rows, **locator})
        answer.raise_for_status()
        yield answer.content
        if answer.headers['Sforce-Locator'] == 'null':
            return
        locator = {'locator': answer.headers['Sforce-Locator']}
