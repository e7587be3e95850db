# The main numbers of the study again, by R: survival, and MatchIt where it is there. Run it with `Rscript analysis.R`.
# It reads the CSV files beside it, shows its numbers beside those of estimates.csv, and writes them to estimates_r.csv.
suppressPackageStartupMessages(library(survival))

script <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
here <- if (length(script)) dirname(script) else "."
is_there <- function(name) file.exists(file.path(here, paste0(name, ".csv")))
read <- function(name) {
  read.csv(file.path(here, paste0(name, ".csv")), na.strings = "", check.names = FALSE, comment.char = "")
}

ours <- read("estimates")
covariates <- read("models")
terms_of <- function(model) covariates$covariate[covariates$model == model]
with_factors <- function(data) {
  for (name in intersect(unique(covariates$covariate[covariates$kind == "categorical"]), names(data))) {
    data[[name]] <- factor(data[[name]])
  }
  data
}
found <- list()
add <- function(analysis, cohort, outcome, model, measure, estimate, lower = NA, upper = NA) {
  found[[length(found) + 1]] <<- data.frame(analysis, cohort, outcome, model, measure, estimate, lower, upper)
}
# of maximum likelihood to the digits that are compared; a smaller epsilon would make glm blind to redundant columns
logistic <- function(formula, data) glm(formula, binomial, data, epsilon = 1e-9, maxit = 100)
# the effect of a fitted model with Wald's interval; nothing where there is no model or no such effect in it
add_ratio <- function(place, fit, term) {
  if (inherits(fit, "try-error") || !term %in% rownames(summary(fit)$coefficients)) return(invisible())
  row <- summary(fit)$coefficients[term, ]
  error <- row[[intersect(c("robust se", "se(coef)", "Std. Error"), names(row))[1]]]
  do.call(add, c(place, exp(row[[1]] + c(0, -1, 1) * qnorm(0.975) * error)))
}

# --- the published analysis: models 1 to 3 of the completed cohort, before and after matching ----------------------

if (is_there("completed")) {
  completed <- with_factors(read("completed"))
  cohorts <- list(full = completed)
  if ("pair" %in% names(completed)) cohorts$matched <- completed[!is.na(completed$pair), ]
  for (cohort in names(cohorts)) {
    data <- cohorts[[cohort]]
    for (model in paste("model", 1:3)) {
      right <- c("treated", terms_of(model))
      fit <- try(coxph(reformulate(right, "Surv(followup_28d_days, died_28d_hospital)"), data, ties = "efron"), TRUE)
      add_ratio(list("outcome_models", cohort, "died_28d_hospital", model, "HR"), fit, "treatedTRUE")
      fit <- try(logistic(reformulate(right, "died_hospital"), data), TRUE)
      add_ratio(list("outcome_models", cohort, "died_hospital", model, "OR"), fit, "treatedTRUE")
    }
  }
  # MatchIt on the same propensity finds our pairs, in a version that keeps to the caliper (0.05 standard deviations)
  if ("pair" %in% names(completed) && requireNamespace("MatchIt", quietly = TRUE)) {
    right <- reformulate(terms_of("propensity"), "treated")
    score <- logistic(right, completed)
    cat(sprintf("propensity: largest difference from ours %.1e\n", max(abs(fitted(score) - completed$propensity))))
    paired <- MatchIt::matchit(right, completed, method = "nearest", distance = completed$propensity, caliper = 0.05)
    pairs <- paired$match.matrix[!is.na(paired$match.matrix[, 1]), 1]
    treated <- completed[names(pairs), ]
    control <- completed[pairs, ]
    fit <- coxph(Surv(followup_28d_days, died_28d_hospital) ~ treated, rbind(treated, control))
    cat(sprintf(
      "MatchIt %s: %d pairs, %d of them ours (of %d), hazard ratio %.6f\n", packageVersion("MatchIt"), length(pairs),
      sum(treated$pair == control$pair, na.rm = TRUE), max(completed$pair, na.rm = TRUE), exp(coef(fit)[[1]])
    ))
    if (max(abs(treated$propensity - control$propensity)) > 0.05 * sd(completed$propensity) * (1 + 1e-9)) {
      cat("This version of MatchIt does not keep to the caliper (Debian's 4.5.1): its pairs are those of no study.\n")
    }
  }
}

# --- the trial: clone, censor, weight ------------------------------------------------------------------------------

definitions <- read("definitions")
if (is_there("trial_patients") && nrow(definitions)) {
  hours <- function(var) as.numeric(definitions$value[definitions$var == var])
  grace <- hours("trial_grace_h")
  step <- hours("trial_interval_h")
  horizon <- 24 * hours("death_horizon_days")
  last <- grace / step - 1 # the last decision; decision k is at hour k * step

  patients <- with_factors(read("trial_patients"))
  decisions <- with_factors(read("trial_decisions"))
  patients$started <- floor(patients$start_h / step + 1e-9)
  patients$started[is.na(patients$started) | patients$started > last] <- last + 1
  patients$died <- patients$died & patients$time_h <= horizon
  patients$time_h <- pmin(patients$time_h, horizon)

  # P(start) at each decision, by those who could: alive, in the ICU, not yet started
  rows <- merge(decisions, patients, by = "id")
  rows <- rows[rows$k <= pmin(rows$started, last) & rows$time_h > rows$k * step, ]
  rows$starts <- rows$started == rows$k
  starting <- reformulate(c("factor(k)", terms_of("starting")), "starts")
  rows$p <- fitted(logistic(starting, rows))
  p <- matrix(0, nrow(patients), last + 1) # who has left the ICU cannot start
  p[cbind(match(rows$id, patients$id), rows$k + 1)] <- rows$p

  # clone 0 never starts within the grace period, clone 1 does; each is censored where the patient deviates from it
  starter <- patients$started <= last
  could <- patients$id %in% rows$id[rows$k == last]
  declined <- could & !starter
  ends <- list(ifelse(starter, patients$started * step, patients$time_h), ifelse(declined, last * step, patients$time_h))
  dies <- list(patients$died & !starter, patients$died & !declined)
  stayed <- 1 / t(apply(1 - p, 1, cumprod))
  edges <- c(0:(last + 1) * step, horizon)
  pieces <- list()
  for (clone in 0:1) {
    for (slot in 0:(last + 1)) {
      end <- pmin(ends[[clone + 1]], edges[slot + 2])
      here_now <- ends[[clone + 1]] > edges[slot + 1]
      column <- min(slot, last) + 1
      weight <- if (clone == 0) stayed[, column] else ifelse(slot >= last & patients$started == last, 1 / p[, last + 1], 1)
      pieces[[length(pieces) + 1]] <- data.frame(
        id = patients$id, clone, start = edges[slot + 1], stop = end,
        died = dies[[clone + 1]] & end == ends[[clone + 1]], weight
      )[here_now, ]
    }
  }
  clones <- do.call(rbind, pieces)
  fit <- coxph(Surv(start, stop, died) ~ clone, clones, weights = weight, ties = "efron", cluster = id)
  place <- list("trial", "trial", "died_28d_hospital", "clone-censor-weight")
  add_ratio(c(place, "HR"), fit, "clone")
  curves <- survfit(Surv(start, stop, died) ~ clone, clones, weights = weight, se.fit = FALSE)
  risk <- 1 - summary(curves, times = horizon, extend = TRUE)$surv
  do.call(add, c(place, "risk difference", risk[2] - risk[1]))
  groups <- unique(ours$cohort[ours$analysis == "trial" & ours$measure == "risk"])
  for (at in seq_along(groups)) add("trial", groups[at], place[[3]], place[[4]], "risk", risk[at])
}

# --- beside ours -----------------------------------------------------------------------------------------------------

by_r <- do.call(rbind, found)
keys <- c("analysis", "cohort", "outcome", "model", "measure")
both <- if (length(found)) merge(ours[c(keys, "estimate")], by_r, by = keys, suffixes = c("", "_r"), sort = FALSE)
both <- both[!is.na(both$estimate), ]
if (length(both) && nrow(both)) {
  write.csv(format(by_r, digits = 15, trim = TRUE), file.path(here, "estimates_r.csv"), row.names = FALSE, quote = FALSE)
  Sys.chmod(file.path(here, "estimates_r.csv"), "600")
  both$difference <- abs(both$estimate_r / both$estimate - 1)
  print(both[c(keys, "estimate", "estimate_r", "difference")], row.names = FALSE, digits = 6)
  cat(sprintf("%d numbers, the largest relative difference is %.1e\n", nrow(both), max(both$difference)))
} else {
  cat("nothing can be estimated in these data: README.txt says why\n")
}
