package mistakes

import (
	"io"
	"net/url"

	"aliasctl/internal/report"
	"aliasctl/manifest"
)

// The parts of SARIF 2.1.0 that are used (docs.oasis-open.org/sarif/sarif/v2.1.0).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"`
		ExitCode            *int                `json:"exitCode,omitempty"`
		Notifications       []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		RuleIndex           int               `json:"ruleIndex"`
		Level               string            `json:"level"`
		Message             sarifText         `json:"message"`
		Locations           []sarifLocation   `json:"locations"`
		RelatedLocations    []sarifLocation   `json:"relatedLocations,omitempty"`
		PartialFingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		PhysicalLocation struct {
			ArtifactLocation struct {
				URI       string `json:"uri"`
				URIBaseID string `json:"uriBaseId,omitempty"`
			} `json:"artifactLocation"`
			Region struct {
				StartLine   int `json:"startLine"`
				StartColumn int `json:"startColumn"`
			} `json:"region"`
		} `json:"physicalLocation"`
	}
)

// fingerprintName names the fingerprint of a mistake. Another way to make it needs
// another version.
const fingerprintName = "aliasctlMistake/v1"

func writeSARIF(w io.Writer, r Result) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}, Invocations: []sarifInvocation{{ExecutionSuccessful: r.Failed == nil}}}
	run.Tool.Driver = sarifDriver{Name: "aliasctl", Version: r.Program}
	place := make(map[manifest.RuleID]int)
	for i, rule := range manifest.Rules() {
		place[rule.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{string(rule.ID), sarifText{rule.About}})
	}
	for _, m := range r.Mistakes {
		result := sarifResult{
			RuleID: string(m.Rule), RuleIndex: place[m.Rule], Level: "error", Message: sarifText{m.Text()},
			Locations: []sarifLocation{sarifPlace(m.Place)}, PartialFingerprints: map[string]string{fingerprintName: m.Fingerprint},
		}
		for _, at := range m.Related {
			result.RelatedLocations = append(result.RelatedLocations, sarifPlace(at))
		}
		run.Results = append(run.Results, result)
	}
	invocation := &run.Invocations[0]
	if rest := r.rest(); rest != "" {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"warning", sarifText{rest}})
	}
	if f := r.Failed; f != nil {
		invocation.ExitCode = &f.Code
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"error", sarifText{f.text()}})
	}
	return indented(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// sarifPlace is a place in a file. The path of one in the repository is relative to
// its root, which GitHub and others know as %SRCROOT%.
func sarifPlace(p report.Place) sarifLocation {
	var l sarifLocation
	uri := url.URL{Path: p.File}
	if len(p.File) > 0 && p.File[0] == '/' {
		uri.Scheme = "file"
	} else {
		l.PhysicalLocation.ArtifactLocation.URIBaseID = "%SRCROOT%"
	}
	l.PhysicalLocation.ArtifactLocation.URI = uri.String()
	l.PhysicalLocation.Region.StartLine, l.PhysicalLocation.Region.StartColumn = max(p.Line, 1), max(p.Column, 1)
	return l
}
