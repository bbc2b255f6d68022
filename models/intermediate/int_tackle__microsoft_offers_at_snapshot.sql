{{ at_snapshot(ref('stg_tackle__microsoft_offers'), 'tackle') }}
