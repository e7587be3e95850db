/*
Grain       one row per ICU stay and time at which its respiratory support was charted
Definition  oxygen devices and ventilator modes are read as a status (seed ventilation_status, first of its priority
            order). known_at: when the last of what it is read from was entered
Source      mimic-code ventilation, ventilator_setting, oxygen_delivery
Deviation   a tracheostomy charted with an invasive ventilator mode is ventilated, and one without a flow of oxygen stays so
            for ventilation_gap_h; mimic-code takes the patient off the ventilator. Words are compared without the blanks
            around them and in any case. Of several modes charted at one time the last in byte order is read, mimic-code
            takes the last in the server's locale
*/
with

observations as (

    select
        subject_id,
        stay_id,
        measured_at,
        stored_at,
        {{ later_of('measured_at', 'stored_at') }} as known_at,
        concept,
        value_text
    from {{ ref('int_chart_value') }}
    where concept in ('oxygen_device', 'oxygen_flow', 'ventilator_mode', 'ventilator_mode_hamilton')

),

statuses as (

    select * from {{ ref('ventilation_status') }}
    where reading in ('both', '{{ var("ventilation_words") }}')

),

priorities as (

    select distinct
        priority,
        status
    from statuses

),

flows as (

    select
        subject_id,
        measured_at,
        max(stay_id) as stay_id,
        max(known_at) as known_at
    from observations
    where concept = 'oxygen_flow' and value_text is not null
    group by subject_id, measured_at

),

devices as (

    select
        subject_id,
        stay_id,
        measured_at,
        known_at,
        value_text,
        row_number() over (
            partition by subject_id, measured_at
            order by stored_at desc nulls last, {{ byte_order('value_text') }} desc nulls last, stay_id
        ) as device_seq
    from observations
    where concept = 'oxygen_device'

),

devices_read as (

    select
        {{ 'flows.stay_id' if var('oxygen_device_needs_flow') else 'devices.stay_id' }} as stay_id,
        devices.measured_at,
        {{ later_of('devices.known_at', 'flows.known_at') }} as known_at,
        'oxygen_device' as concept,
        devices.value_text,
        devices.device_seq,
        case when flows.stay_id is null then 1 else 0 end as is_without_flow
    from devices
    {{ 'inner' if var('oxygen_device_needs_flow') else 'left' }} join flows
        on
            devices.subject_id = flows.subject_id
            and devices.measured_at = flows.measured_at
    where devices.device_seq <= 4

),

modes_read as (

    select
        max(stay_id) as stay_id,
        measured_at,
        max(known_at) as known_at,
        concept,
        max({{ byte_order('value_text') }}) as value_text,
        1 as device_seq,
        0 as is_without_flow
    from observations
    where concept in ('ventilator_mode', 'ventilator_mode_hamilton')
    group by subject_id, measured_at, concept

),

readings as (

    select * from devices_read
    union all
    select * from modes_read

),

best as (

    select
        readings.stay_id,
        readings.measured_at,
        max(readings.known_at) as known_at,
        min(statuses.priority) as priority,
        max(case when readings.concept <> 'oxygen_device' and statuses.status = 'InvasiveVent' then 1 else 0 end) as has_mode,
        max(readings.is_without_flow) as is_without_flow
    from readings
    inner join statuses
        on
            readings.concept = statuses.concept
            and {{ same_text('readings.value_text', 'statuses.value_text') }}
            and (readings.device_seq = 1 or not statuses.first_device_only)
    group by readings.stay_id, readings.measured_at

),

charted as (

    select
        best.stay_id,
        best.measured_at,
        best.known_at,
        best.has_mode,
        best.is_without_flow,
        priorities.status,
        max(case when best.has_mode = 1 then best.measured_at end) over (
            partition by best.stay_id order by best.measured_at rows unbounded preceding
        ) as mode_at,
        max(case when best.has_mode = 1 then best.known_at end) over (
            partition by best.stay_id order by best.measured_at rows unbounded preceding
        ) as mode_known_at
    from best
    inner join priorities
        on best.priority = priorities.priority

),

-- the tube lies in a ventilated patient too
judged as (

    select
        charted.*,
        coalesce(
            status = 'Tracheostomy' and is_without_flow = 1
            and {{ whole_hours_between('mode_at', 'measured_at') }} < {{ var('ventilation_gap_h') }}, false
        ) as is_ventilated_by_an_earlier_mode
    from charted

),

final as (

    select
        stay_id,
        measured_at,
        case when is_ventilated_by_an_earlier_mode then {{ later_of('known_at', 'mode_known_at') }} else known_at end as known_at,
        case
            when status = 'Tracheostomy' and (has_mode = 1 or is_ventilated_by_an_earlier_mode) then 'InvasiveVent'
            else status
        end as status
    from judged

)

select * from final
