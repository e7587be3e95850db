/*
Grain       one row per stay of the trial and decision point
Definition  what was known of the patient at that moment: last values, drugs that ran (rates of one drug's rows are added up,
            0 = none), support, SOFA of the last 24 hours. NULL = never measured
Source      docs/DECISIONS.md, trial; norepinephrine equivalent: Goradia 2021, mimic-code norepinephrine_equivalent_dose
*/
{%- set last_values = {
    'heart_rate': 'heart_rate_bpm', 'map': 'map_mmhg', 'resp_rate': 'resp_rate_bpm', 'spo2': 'spo2_pct', 'glucose': 'glucose_mg_dl',
    'weight': 'weight_kg', 'rass': 'rass', 'gcs': 'gcs', 'pao2fio2': 'pao2fio2_mmhg', 'lactate': 'lactate_mmol_l',
    'hematocrit': 'hematocrit_pct', 'hemoglobin': 'hemoglobin_g_dl', 'platelets': 'platelets_k_ul', 'wbc': 'wbc_k_ul',
    'anion_gap': 'anion_gap_meq_l', 'bicarbonate': 'bicarbonate_meq_l', 'bun': 'bun_mg_dl', 'creatinine': 'creatinine_mg_dl',
    'sodium': 'sodium_meq_l', 'potassium': 'potassium_meq_l', 'inr': 'inr_ratio', 'pt': 'pt_sec', 'code_status': 'limitation',
} %}
{%- set sedatives = {'propofol': 'propofol_mcg_kg_min', 'midazolam': 'midazolam_mg_h', 'fentanyl': 'fentanyl_mcg_h'} %}
with

decisions as (

    select * from {{ ref('int_trial_decision') }}

),

hours as (

    select * from {{ ref('int_trial_hour') }}

),

stays as (

    select * from {{ ref('int_icu_stay') }}

),

equivalences as (

    select * from {{ ref('norepinephrine_equivalence') }}

),

lasts as (

    select
        last_known.stay_id,
        last_known.k,
        {%- for concept, column in last_values.items() %}
        max(case when last_known.concept = '{{ concept }}' then last_known.value end) as {{ column }},
        {%- endfor %}
        max(
            case
                when
                    last_known.concept = 'ventilation' and last_known.value = 1
                    and last_known.measured_at >= {{ add_hours('decisions.decided_at', -1 * var('ventilation_gap_h')) }}
                    then 1
                else 0
            end
        ) as is_ventilated
    from {{ ref('int_trial_last') }} as last_known
    inner join decisions
        on last_known.stay_id = decisions.stay_id and last_known.k = decisions.k
    group by last_known.stay_id, last_known.k

),

running as (
    {% for infusions, condition in [
        (ref('int_vasoactive_infusion'), 'rate > 0'),
        (ref('int_running_infusion'), 'drug in (' ~ text_literals(sedatives.keys() | list) ~ ')'),
    ] %}
    select
        stay_id,
        drug,
        started_at,
        ended_at,
        rate
    from {{ infusions }}
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}

),

drugs as (

    select
        decisions.stay_id,
        decisions.k,
        sum(running.rate * equivalences.factor) as norepinephrine_equivalent_mcg_kg_min,
        {%- for drug, column in sedatives.items() %}
        sum(case when running.drug = '{{ drug }}' then running.rate end) as {{ column }},
        {%- endfor %}
        max(case when running.drug in ('norepinephrine', 'epinephrine', 'vasopressin') then 1 else 0 end) as has_vasopressor,
        max(case when running.drug = 'vasopressin' then 1 else 0 end) as has_vasopressin
    from decisions
    inner join running
        on
            decisions.stay_id = running.stay_id
            and running.started_at < decisions.decided_at
            and running.ended_at >= decisions.decided_at
    left join equivalences
        on running.drug = equivalences.drug
    group by decisions.stay_id, decisions.k

),

limitations as (

    select distinct
        limitation,
        status
    from {{ ref('code_status') }}

),

final as (

    select
        decisions.stay_id,
        decisions.k,
        decisions.decided_at,
        decisions.is_before_start,
        decisions.starts,
        {{ hours_between('stays.icu_admitted_at', 'decisions.decided_at') }} as hours_since_icu,
        hours.sofa_24h,
        coalesce(lasts.is_ventilated, 0) = 1 as is_ventilated,
        coalesce(drugs.has_vasopressor, 0) = 1 as has_vasopressor,
        coalesce(drugs.has_vasopressin, 0) = 1 as has_vasopressin,
        coalesce(drugs.norepinephrine_equivalent_mcg_kg_min, 0) as norepinephrine_equivalent_mcg_kg_min,
        {%- for column in sedatives.values() %}
        coalesce(drugs.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        {%- for column in last_values.values() if column != 'limitation' %}
        lasts.{{ column }},
        {%- endfor %}
        limitations.status as code_status
    from decisions
    inner join stays
        on decisions.stay_id = stays.stay_id
    left join hours
        on decisions.stay_id = hours.stay_id and decisions.hr = hours.hr
    left join lasts
        on decisions.stay_id = lasts.stay_id and decisions.k = lasts.k
    left join drugs
        on decisions.stay_id = drugs.stay_id and decisions.k = drugs.k
    left join limitations
        on coalesce(lasts.limitation, 0) = limitations.limitation

)

select * from final
