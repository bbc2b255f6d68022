{{ at_snapshot(ref('stg_salesforce__account'), 'salesforce') }}
