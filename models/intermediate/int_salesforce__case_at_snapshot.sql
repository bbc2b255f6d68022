{{ at_snapshot(ref('stg_salesforce__case'), 'salesforce') }}
