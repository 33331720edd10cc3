#!/usr/bin/env bash
# backoff hands back other errors than the operation had.
#
# Module: github.com/cenkalti/backoff/v5 v5.0.3.
# Guess:  when the time for all tries is over, the error is that of the last try,
#         whichever way the time was set; and what wraps a Permanent stays around it.
# Seen:   WithMaxElapsedTime does give the last error. A context's deadline gives
#         "context deadline exceeded" alone: errors.Is does not find what the tries
#         failed with, so a log shows a timeout where a name did not resolve. And a
#         Permanent inside of fmt.Errorf comes back without the words around it. A
#         context that has ended before still gets one try.
# So:     aliasctl keeps the last error beside the loop and reports that
#         (internal/milvus/retry.go, TestUnknownHost).
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

func main() {
	cause := errors.New("no such host")
	failing := func() (int, error) { return 0, cause }
	often := backoff.WithBackOff(backoff.NewConstantBackOff(20 * time.Millisecond))

	_, err := backoff.Retry(context.Background(), failing, often, backoff.WithMaxElapsedTime(50*time.Millisecond))
	fmt.Printf("time of the option: %v; cause %t\n", err, errors.Is(err, cause))

	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = backoff.Retry(ctx, failing, often)
	fmt.Printf("time of the context: %v; cause %t\n", err, errors.Is(err, cause))

	tries := 0
	_, err = backoff.Retry(ctx, func() (int, error) { tries++; return 0, nil }, often)
	fmt.Printf("context over before: %d tries, error %v\n", tries, err)

	_, err = backoff.Retry(context.Background(), func() (int, error) {
		return 0, fmt.Errorf("alter products: %w", backoff.Permanent(errors.New("denied")))
	}, often)
	fmt.Printf("permanent: %v\n", err)
}
GO
go mod init seen >go.log 2>&1
go get github.com/cenkalti/backoff/v5@v5.0.3 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
time of the option: no such host; cause true
time of the context: context deadline exceeded; cause false
context over before: 1 tries, error <nil>
permanent: denied
END
