"""The pages of Polaris' readings, for the peers: one requests session, the body of each page as bytes."""

import os

import orjson
import requests


def signed_in(url):
    """A session with a bearer token; credentials come from the environment."""
    session = requests.Session()
    session.trust_env = False
    grant = {
        'grant_type': 'client_credentials',
        'client_id': os.environ['BENCH_CLIENT_ID'],
        'client_secret': os.environ['BENCH_CLIENT_SECRET'],
    }
    answer = session.post(f'{url}/oauth/token', data=grant)
    answer.raise_for_status()
    session.headers['authorization'] = f'Bearer {answer.json()["access_token"]}'
    return session


def reading_pages(url, page_rows):
    """The rows of each page, as orjson gives them."""
    session = signed_in(url)
    query = {'limit': page_rows}
    while True:
        answer = session.get(f'{url}/v1/usage/readings', params=query)
        answer.raise_for_status()
        page = orjson.loads(answer.content)
        yield page['data']
        if not page['has_more']:
            return
        query = {'limit': page_rows, 'since': page['next']}
