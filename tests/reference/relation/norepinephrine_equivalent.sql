-- the stretches of vasoactive with a vasopressor, and what their rates are worth by the seed norepinephrine_equivalence
(
    select
        stretches.stay_id,
        stretches.started_at,
        stretches.ended_at,
        round(
            cast(
                (
                    select sum(equivalences.factor * rates.rate)
                    from norepinephrine_equivalence as equivalences
                    inner join (
                        values
                        ('norepinephrine', stretches.norepinephrine),
                        ('epinephrine', stretches.epinephrine),
                        ('phenylephrine', stretches.phenylephrine),
                        ('dopamine', stretches.dopamine),
                        ('vasopressin', stretches.vasopressin)
                    ) as rates (drug, rate) using (drug)
                ) as numeric
            ),
            4
        ) as dose
    from {vasoactive}
    where coalesce(norepinephrine, epinephrine, phenylephrine, dopamine, vasopressin) is not null
) as equivalents
