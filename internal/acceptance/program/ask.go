package program

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

// Answered is what the server answers to one call.
type Answered struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
	status  int
}

func (a Answered) OK() bool { return a.status == http.StatusOK && (a.Code == 0 || a.Code == 200) }

// Missing reports that the server has no such route.
func (a Answered) Missing() bool { return a.status == http.StatusNotFound }

// Ask makes a call as any client would, without any of our rooms.
func Ask(t *testing.T, uri, token, path string, body map[string]any) Answered {
	t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, uri+path, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var a Answered
	if response.StatusCode == http.StatusNotFound { // no such route: the answer is no JSON
		return Answered{Code: http.StatusNotFound, Message: "no such route", status: response.StatusCode}
	}
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	a.status = response.StatusCode
	return a
}
