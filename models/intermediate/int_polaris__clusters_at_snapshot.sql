{{ at_snapshot(ref('stg_polaris__clusters'), 'polaris') }}
