package planner

// Proof is the result of replaying a plan step by step on a model of the
// cluster: what holds at every place where a run can be cut.
type Proof struct {
	OK       bool `json:"ok"`
	Prefixes int  `json:"prefixes"` // places looked at: one more than there are steps
	// Gaps names (DATABASE/ALIAS) the aliases that exist before and after and
	// resolve to nothing in between; only a switch by drop and create makes one.
	Gaps []string `json:"gaps"`
	// Problems says what does not hold, and after which step.
	Problems []string `json:"problems,omitempty"`
}
