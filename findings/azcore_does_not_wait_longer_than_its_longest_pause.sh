#!/usr/bin/env bash
# Azure's SDK gives up at once where a service asks for a long pause.
#
# Modules: github.com/Azure/azure-sdk-for-go/sdk/azcore v1.23.3, azblob v1.8.0.
# Guess:   MaxRetryDelay bounds a pause: a 503 with a longer Retry-After is tried again
#          after MaxRetryDelay, MaxRetries times.
# Seen:    it is not tried again at all. With a bound of 2 s, Retry-After: 1 is three
#          requests and Retry-After: 3 is one, as is 61 with the default of 60 s. A
#          bound that is meant to make a job wait less makes it fail at the first 503.
# So:      aliasctl turns these retries off (MaxRetries: -1, since 0 means three) and
#          has its own, which wait as asked within their budget (internal/state/azblob,
#          TestWeather).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
)

func main() {
	requests, after := 0, ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests++
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	for _, asks := range []struct {
		after string
		retry policy.RetryOptions
	}{
		{"1", policy.RetryOptions{MaxRetries: 2, MaxRetryDelay: 2 * time.Second}},
		{"3", policy.RetryOptions{MaxRetries: 2, MaxRetryDelay: 2 * time.Second}},
		{"61", policy.RetryOptions{MaxRetries: 2}},
		{"", policy.RetryOptions{MaxRetries: 0, RetryDelay: time.Millisecond}},
		{"", policy.RetryOptions{MaxRetries: -1}},
	} {
		options := &blob.ClientOptions{}
		options.Retry = asks.retry
		client, err := blob.NewClientWithNoCredential(server.URL+"/account/states/aliases.json", options)
		if err != nil {
			panic(err)
		}
		requests, after = 0, asks.after
		_, err = client.GetProperties(context.Background(), nil)
		fmt.Printf("Retry-After %q, MaxRetries %d, MaxRetryDelay %v: %d requests, failed %t\n",
			asks.after, asks.retry.MaxRetries, asks.retry.MaxRetryDelay, requests, err != nil)
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/Azure/azure-sdk-for-go/sdk/azcore@v1.23.3 github.com/Azure/azure-sdk-for-go/sdk/storage/azblob@v1.8.0 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
Retry-After "1", MaxRetries 2, MaxRetryDelay 2s: 3 requests, failed true
Retry-After "3", MaxRetries 2, MaxRetryDelay 2s: 1 requests, failed true
Retry-After "61", MaxRetries 2, MaxRetryDelay 0s: 1 requests, failed true
Retry-After "", MaxRetries 0, MaxRetryDelay 0s: 4 requests, failed true
Retry-After "", MaxRetries -1, MaxRetryDelay 0s: 1 requests, failed true
END
