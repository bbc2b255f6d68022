{{ at_snapshot(ref('stg_tackle__subscriptions'), 'tackle') }}
