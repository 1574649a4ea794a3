/** The files of a new project: small, and each shows one thing. */

export function starterFiles(name: string): Record<string, string> {
  return {
    "dbt_project.yml": `name: ${name}
version: "1.0.0"
profile: ${name}

model-paths: [models]
seed-paths: [seeds]
test-paths: [tests]
macro-paths: [macros]

models:
  ${name}:
    marts:
      +materialized: table
`,
    "profiles.yml": `# The default target is a PostgreSQL server that Sluice starts by itself.
# Production differs by the address only: sluice build --target prod
${name}:
  target: dev
  outputs:
    dev:
      type: postgres
      host: embedded
      dbname: ${name}
      schema: analytics
      threads: 4
    prod:
      type: postgres
      url: "{{ env_var('DATABASE_URL', 'postgresql://user@localhost:5432/${name}') }}"
      schema: analytics
      threads: 4
`,
    "data/orders.csv": `order_id,customer,ordered_on,amount
1,Ada,2025-01-05,120.50
2,Grace,2025-01-07,80.00
3,Ada,2025-02-11,42.25
4,Edsger,2025-02-14,310.00
5,Grace,2025-03-02,15.75
`,
    "models/sources.yml": `version: 2

sources:
  - name: raw
    description: Files as they are delivered.
    tables:
      - name: orders
        external:
          location: data/orders.csv
        columns:
          - name: order_id
            data_type: bigint
            data_tests: [unique, not_null]
          - name: customer
            data_type: text
          - name: ordered_on
            data_type: date
          - name: amount
            data_type: numeric(18,2)
`,
    "models/staging/stg_orders.sql": `select
    order_id,
    trim(customer) as customer,
    ordered_on,
    date_trunc('month', ordered_on)::date as month,
    amount
from {{ source('raw', 'orders') }}
`,
    "models/marts/customer_totals.sql": `select
    customer,
    count(*) as orders,
    sum(amount) as amount
from {{ ref('stg_orders') }}
group by customer
`,
    "models/marts/schema.yml": `version: 2

models:
  - name: customer_totals
    description: What each customer has bought.
    columns:
      - name: customer
        data_tests: [unique, not_null]
      - name: amount
        description: Sum of all orders.
`,
    "tests/totals_agree.sql": `-- A test is a query for what must not be: every row it returns is a failure.
select mart.amount as in_mart, raw.amount as in_raw
from (select sum(amount) as amount from {{ ref('customer_totals') }}) as mart
cross join (select sum(amount) as amount from {{ source('raw', 'orders') }}) as raw
where mart.amount is distinct from raw.amount
`,
    ".gitignore": "target/\nlogs/\n.sluice/\ndbt_packages/\n",
  };
}
