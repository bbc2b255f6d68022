{{ at_snapshot(ref('stg_salesforce__contract'), 'salesforce') }}
