{{ at_snapshot(ref('stg_tackle__contracts'), 'tackle') }}
