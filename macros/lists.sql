{# Words of a seed's column of which SQL is made: a column for each, or the drugs that may be studied. A data test holds the seed to its
   list (`in_list`), which the seed's own rows cannot replace: dbt compiles without a database. #}

{# Concepts of lab_item of which int_first_day_lab has the lowest and highest. #}
{% macro lab_concepts() %}
{{ return([
    'hematocrit', 'hemoglobin', 'platelets', 'wbc', 'anion_gap', 'bicarbonate', 'bun', 'creatinine', 'glucose', 'sodium',
    'potassium', 'inr', 'pt', 'bilirubin',
]) }}
{% endmacro %}

{# Those of blood gases, which SOFA reads specimen by specimen, and lactate, which the trial reads. #}
{% macro gas_concepts() %}{{ return(['po2', 'fio2', 'specimen', 'lactate']) }}{% endmacro %}

{# Those that are read for negative controls alone (seed negative_control_outcome), and of which nothing else of the study knows. #}
{% macro control_lab_concepts() %}{{ return(['hba1c', 'mcv']) }}{% endmacro %}

{# Categories of icd_category, a column of int_comorbidity each. #}
{% macro icd_categories() %}
{{ return([
    'congestive_heart_failure', 'copd', 'rheumatic_disease', 'mild_liver_disease', 'severe_liver_disease',
    'diabetes_uncomplicated', 'diabetes_complicated', 'renal_disease', 'malignant_cancer', 'metastatic_tumor', 'hypertension',
    'pregnancy', 'saps_aids', 'saps_hematologic', 'saps_metastatic',
]) }}
{% endmacro %}

{# Drugs of infusion_item. #}
{% macro infusion_drugs() %}
{{ return([
    'dexmedetomidine', 'propofol', 'midazolam', 'fentanyl', 'norepinephrine', 'epinephrine', 'vasopressin', 'phenylephrine',
    'dopamine', 'dobutamine', 'milrinone', 'heparin',
]) }}
{% endmacro %}
