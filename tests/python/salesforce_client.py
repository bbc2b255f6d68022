"""Drives simple-salesforce, unchanged from PyPI, against a Salesforce organisation and prints what it got as JSON.

The library builds only https addresses. The session handed to it, which is the caller's own configuration, carries
them to the loopback address given: python salesforce_client.py <url> <username> <consumer key> <private key file>
"""

import csv
import io
import json
import sys
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceMalformedRequest


class LoopbackAdapter(HTTPAdapter):
    """Sends every request to one plain http address, whatever host its URL names."""

    def __init__(self, url):
        super().__init__()
        self._target = urlsplit(url)

    def send(self, request, *args, **kwargs):
        asked = urlsplit(request.url)
        request.url = urlunsplit((self._target.scheme, self._target.netloc, asked.path, asked.query, ''))
        return super().send(request, *args, **kwargs)


def bulk_pages(pages):
    return [list(csv.DictReader(io.StringIO(page))) for page in pages]


def refusal(sf):
    try:
        sf.query('SELECT Nope FROM Account')
    except SalesforceMalformedRequest as error:
        return error.content[0]['errorCode']
    return None


def main(url, username, consumer_key, private_key_file):
    session = requests.Session()
    session.trust_env = False
    session.mount('https://', LoopbackAdapter(url))
    sf = Salesforce(
        username=username,
        consumer_key=consumer_key,
        privatekey_file=private_key_file,
        session=session,
        version='67.0',
    )
    everything = 'SELECT Id, Name, ARR__c FROM Account'
    live = sf.query_all(everything, headers={'Sforce-Query-Options': 'batchSize=200'})
    deleted = sf.query_all(everything, include_deleted=True)
    described = sf.Account.describe()
    # A second client with a session from elsewhere, as the library's documentation shows it.
    direct = Salesforce(instance_url=url, session_id=sf.session_id, session=session, version='67.0')
    report = {
        'first_page': len(sf.query(everything)['records']),
        'live': [record['Id'] for record in live['records']],
        'with_deleted': [[record['Id'], record['Name'], record['ARR__c']] for record in deleted['records']],
        'fields': {field['name']: field['type'] for field in described['fields']},
        'objects': [entry['name'] for entry in sf.describe()['sobjects']],
        'one': sf.Account.get(deleted['records'][0]['Id'])['Name'],
        'bulk': bulk_pages(sf.bulk2.Account.query(everything, max_records=100, wait=0.02)),
        'bulk_all': bulk_pages(sf.bulk2.Account.query_all(everything, max_records=100, wait=0.02)),
        'refusal': refusal(sf),
        'max_requests': direct.limits()['DailyApiRequests']['Max'],
        'usage': direct.api_usage['api-usage'].total,
    }
    json.dump(report, sys.stdout)


if __name__ == '__main__':
    main(*sys.argv[1:])
