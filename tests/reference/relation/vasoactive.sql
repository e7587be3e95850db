-- int_vasoactive_infusion cut at every start and end of a vasoactive drug in the stay; where two rows of one drug overlap,
-- a stretch has a row for each
(
    with

    times as (

        select
            stay_id,
            started_at as at
        from int_vasoactive_infusion

        union

        select
            stay_id,
            ended_at as at
        from int_vasoactive_infusion

    ),

    stretches as (

        select
            stay_id,
            at as started_at,
            lead(at) over (partition by stay_id order by at) as ended_at
        from times

    )

    select
        stretches.stay_id,
        stretches.started_at,
        stretches.ended_at,
        dopamine.rate as dopamine,
        epinephrine.rate as epinephrine,
        norepinephrine.rate as norepinephrine,
        phenylephrine.rate as phenylephrine,
        vasopressin.rate as vasopressin,
        dobutamine.rate as dobutamine,
        milrinone.rate as milrinone
    from stretches
    left join int_vasoactive_infusion as dopamine
        on
            dopamine.drug = 'dopamine'
            and stretches.stay_id = dopamine.stay_id
            and stretches.started_at >= dopamine.started_at
            and stretches.ended_at <= dopamine.ended_at
    left join int_vasoactive_infusion as epinephrine
        on
            epinephrine.drug = 'epinephrine'
            and stretches.stay_id = epinephrine.stay_id
            and stretches.started_at >= epinephrine.started_at
            and stretches.ended_at <= epinephrine.ended_at
    left join int_vasoactive_infusion as norepinephrine
        on
            norepinephrine.drug = 'norepinephrine'
            and stretches.stay_id = norepinephrine.stay_id
            and stretches.started_at >= norepinephrine.started_at
            and stretches.ended_at <= norepinephrine.ended_at
    left join int_vasoactive_infusion as phenylephrine
        on
            phenylephrine.drug = 'phenylephrine'
            and stretches.stay_id = phenylephrine.stay_id
            and stretches.started_at >= phenylephrine.started_at
            and stretches.ended_at <= phenylephrine.ended_at
    left join int_vasoactive_infusion as vasopressin
        on
            vasopressin.drug = 'vasopressin'
            and stretches.stay_id = vasopressin.stay_id
            and stretches.started_at >= vasopressin.started_at
            and stretches.ended_at <= vasopressin.ended_at
    left join int_vasoactive_infusion as dobutamine
        on
            dobutamine.drug = 'dobutamine'
            and stretches.stay_id = dobutamine.stay_id
            and stretches.started_at >= dobutamine.started_at
            and stretches.ended_at <= dobutamine.ended_at
    left join int_vasoactive_infusion as milrinone
        on
            milrinone.drug = 'milrinone'
            and stretches.stay_id = milrinone.stay_id
            and stretches.started_at >= milrinone.started_at
            and stretches.ended_at <= milrinone.ended_at
    where stretches.ended_at is not null
) as stretches
