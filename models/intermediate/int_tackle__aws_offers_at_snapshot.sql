{{ at_snapshot(ref('stg_tackle__aws_offers'), 'tackle') }}
