{{ at_snapshot(ref('stg_polaris__customers'), 'polaris') }}
