/*
Grain       one row per ICU stay and hour of its grid, lead hours included
Definition  the hour's worst measurements and the SOFA points of each organ; NULL where nothing was measured
Source      Vincent 1996; mimic-code sofa
Deviation   none by default. A pressor counts only if it runs at the hour's end; any rate of epinephrine or
            norepinephrine gives 3
*/
with

grid as (

    select
        bounds.stay_id,
        stays.hadm_id,
        bounds.grid_start,
        bounds.first_hr,
        bounds.last_hr
    from {{ ref('int_hour_grid') }} as bounds
    inner join {{ ref('int_icu_stay') }} as stays
        on bounds.stay_id = stays.stay_id

),

hours as (

    select
        grid.stay_id,
        hours.hr
    from grid
    {{ cross_join_integers('grid.first_hr', 'grid.last_hr', 'hours', 'hr') }}

),

ratios as (

    select
        grid.stay_id,
        {{ hour_of_grid('ratios.measured_at', 'grid.grid_start') }} as hr,
        min(case when ratios.is_ventilated = 0 then ratios.pao2fio2_mmhg end) as pao2fio2_not_ventilated,
        min(case when ratios.is_ventilated = 1 then ratios.pao2fio2_mmhg end) as pao2fio2_ventilated
    from grid
    inner join {{ ref('int_arterial_ratio') }} as ratios
        on grid.stay_id = ratios.stay_id
    group by grid.stay_id, {{ hour_of_grid('ratios.measured_at', 'grid.grid_start') }}

),

labs as (

    select
        grid.stay_id,
        {{ hour_of_grid('labs.measured_at', 'grid.grid_start') }} as hr,
        min(case when labs.concept = 'platelets' then labs.value end) as platelets_min,
        max(case when labs.concept = 'bilirubin' then labs.value end) as bilirubin_max,
        max(case when labs.concept = 'creatinine' then labs.value end) as creatinine_max
    from grid
    inner join {{ ref('int_lab_value') }} as labs
        on
            grid.hadm_id = labs.hadm_id
            and labs.concept in ('platelets', 'bilirubin', 'creatinine')
    group by grid.stay_id, {{ hour_of_grid('labs.measured_at', 'grid.grid_start') }}

),

pressures_charted as (

    select
        stay_id,
        measured_at,
        {{ exact_mean('value') }} as map_mmhg
    from {{ ref('int_chart_value') }}
    where concept = 'map'
    group by stay_id, measured_at

),

pressures as (

    select
        grid.stay_id,
        {{ hour_of_grid('pressures.measured_at', 'grid.grid_start') }} as hr,
        min(pressures.map_mmhg) as map_min
    from grid
    inner join pressures_charted as pressures
        on grid.stay_id = pressures.stay_id
    group by grid.stay_id, {{ hour_of_grid('pressures.measured_at', 'grid.grid_start') }}

),

infusions as (

    select
        grid.stay_id,
        infusions.drug,
        infusions.rate,
        cast(floor({{ hours_between('grid.grid_start', 'infusions.started_at') }}) as integer) + 1 as from_hr,
        cast(floor({{ hours_between('grid.grid_start', 'infusions.ended_at') }}) as integer) as to_hr
    from grid
    inner join {{ ref('int_vasoactive_infusion') }} as infusions
        on grid.stay_id = infusions.stay_id
    where infusions.drug in ('dopamine', 'epinephrine', 'norepinephrine', 'dobutamine')

),

rates as (

    select
        infusions.stay_id,
        hours.hr,
        max(case when infusions.drug = 'dopamine' then infusions.rate end) as dopamine_max,
        max(case when infusions.drug = 'epinephrine' then infusions.rate end) as epinephrine_max,
        max(case when infusions.drug = 'norepinephrine' then infusions.rate end) as norepinephrine_max,
        max(case when infusions.drug = 'dobutamine' then infusions.rate end) as dobutamine_max
    from infusions
    {{ cross_join_integers('infusions.from_hr', 'infusions.to_hr', 'hours', 'hr') }}
    group by infusions.stay_id, hours.hr

),

coma as (

    select
        grid.stay_id,
        {{ hour_of_grid('gcs.measured_at', 'grid.grid_start') }} as hr,
        min(gcs.gcs) as gcs_min
    from grid
    inner join {{ ref('int_gcs') }} as gcs
        on grid.stay_id = gcs.stay_id
    group by grid.stay_id, {{ hour_of_grid('gcs.measured_at', 'grid.grid_start') }}

),

urine as (

    select
        grid.stay_id,
        {{ hour_of_grid('urine.measured_at', 'grid.grid_start') }} as hr,
        max(
            case
                when urine.covered_h >= {{ var('urine_day_min_h') }} and urine.covered_h <= {{ var('urine_day_max_h') }}
                    then cast(urine.urine_ml as double precision) / cast(urine.covered_h as double precision) * 24
            end
        ) as urine_ml_day
    from grid
    inner join {{ ref('int_urine_day') }} as urine
        on grid.stay_id = urine.stay_id
    group by grid.stay_id, {{ hour_of_grid('urine.measured_at', 'grid.grid_start') }}

),

measured as (

    select
        hours.stay_id,
        hours.hr,
        ratios.pao2fio2_not_ventilated,
        ratios.pao2fio2_ventilated,
        labs.platelets_min,
        labs.bilirubin_max,
        pressures.map_min,
        rates.dopamine_max,
        rates.epinephrine_max,
        rates.norepinephrine_max,
        rates.dobutamine_max,
        coma.gcs_min,
        labs.creatinine_max,
        urine.urine_ml_day
    from hours
    left join ratios
        on hours.stay_id = ratios.stay_id and hours.hr = ratios.hr
    left join labs
        on hours.stay_id = labs.stay_id and hours.hr = labs.hr
    left join pressures
        on hours.stay_id = pressures.stay_id and hours.hr = pressures.hr
    left join rates
        on hours.stay_id = rates.stay_id and hours.hr = rates.hr
    left join coma
        on hours.stay_id = coma.stay_id and hours.hr = coma.hr
    left join urine
        on hours.stay_id = urine.stay_id and hours.hr = urine.hr

),

final as (

    select
        measured.*,
        {{ sofa_respiration('pao2fio2_ventilated', 'pao2fio2_not_ventilated') }} as respiration,
        {{ sofa_coagulation('platelets_min') }} as coagulation,
        {{ sofa_liver('bilirubin_max') }} as liver,
        {{ sofa_cardiovascular(
            'map_min', 'dopamine_max', 'epinephrine_max', 'norepinephrine_max', 'dobutamine_max'
        ) }} as cardiovascular,
        {{ sofa_cns('gcs_min') }} as cns,
        {{ sofa_renal('creatinine_max', 'urine_ml_day') }} as renal
    from measured

)

select * from final
