"""Downloads a Bulk API 2.0 query with simple-salesforce, unchanged, to disk; nothing else.

python simple_salesforce_download.py <url> <folder> <page rows> <account query>
"""

import sys

from salesforce_bulk import signed_in
from simple_salesforce import Salesforce


def main(url, folder, page_rows, query):
    session, token = signed_in(url)
    client = Salesforce(instance_url=url, session_id=token, session=session, version='67.0')
    # Its default would sleep five seconds before the first look at a job that is complete.
    client.bulk2.Account.download(query, folder, max_records=int(page_rows), wait=0.05)


if __name__ == '__main__':
    main(*sys.argv[1:])
