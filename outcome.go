package picloud

// Outcome is how an invocation ended. The set is closed, and the words are the
// same in the API, in metrics, in logs and in the CLI.
type Outcome string

const (
	// OutcomeOK: the script ran to its end and its answer was sent.
	OutcomeOK Outcome = "ok"
	// OutcomeScriptError: the script raised an error and did not catch it.
	OutcomeScriptError Outcome = "script_error"
	// OutcomeLimitExceeded: one of the script's limits ended it.
	OutcomeLimitExceeded Outcome = "limit_exceeded"
	// OutcomeTimeout: the wall clock ran out.
	OutcomeTimeout Outcome = "timeout"
	// OutcomeWorkerKilled: the worker process ended without a valid answer.
	OutcomeWorkerKilled Outcome = "worker_killed"
	// OutcomeOverloaded: there was no room to run it; it never started, or
	// was ended because the node had no memory left for all its workers.
	OutcomeOverloaded Outcome = "overloaded"
	// OutcomeInternal: PiCloud itself failed.
	OutcomeInternal Outcome = "internal"
)

// Outcomes lists every outcome, in the order above.
func Outcomes() []Outcome {
	return []Outcome{
		OutcomeOK, OutcomeScriptError, OutcomeLimitExceeded, OutcomeTimeout,
		OutcomeWorkerKilled, OutcomeOverloaded, OutcomeInternal,
	}
}
