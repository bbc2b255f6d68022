with source as (
  select * from {{ source('polaris', 'polaris_seq_fillers') }}
),

final as (
  select
    cluster_id,
    seq,
    load_id
  from source
)

select * from final
