package planner

// Refusal is a limit that a plan exceeds.
type Refusal struct {
	Guard  string `json:"guard"`   // a stable word: "alias-drops", "empty-database", "collection-drops", "protected", "split-group", "group-recreate", "preflight"
	Reason string `json:"reason"`  // names the numbers
	WayOut string `json:"way_out"` // the exact flag or field that lifts it
}
