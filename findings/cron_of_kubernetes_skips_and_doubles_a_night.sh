#!/usr/bin/env bash
# The cron library of Kubernetes leaves out one night of the year and has another twice.
#
# Module: github.com/robfig/cron/v3 v3.0.1, by which the CronJob controller reads
#         `schedule` and `timeZone`.
# Guess:  as in Vixie cron, a daily job at 02:30 runs once on the night when the clock
#         jumps over 02:30, and once on the night that has two of them; and Sunday is
#         0 or 7.
# Seen:   with a zone the first night has no run, with the next one a day later, and
#         the second has two, an hour apart. 7 is out of range, and so is a range over
#         the end of the week (FRI-MON).
# So:     a nightly job keeps out of 01:00 to 03:00 (examples/kubernetes/drift.yaml). A
#         second apply finds nothing to do; what waits (`after`) waits a day longer.
set -euo pipefail
folder=$(mktemp -d); trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT; cd "$folder"
cat > main.go <<'GO'
package main

import (
	"fmt"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

func main() {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	night, err := cron.ParseStandard("30 2 * * *")
	if err != nil {
		panic(err)
	}
	for _, noon := range []time.Time{time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), time.Date(2026, 10, 24, 12, 0, 0, 0, berlin)} {
		fmt.Printf("after %s:", noon.Format("2 Jan 15:04"))
		for range 2 {
			noon = night.Next(noon)
			fmt.Printf(" %s;", noon.Format("2 Jan 15:04 MST"))
		}
		fmt.Println()
	}
	for _, days := range []string{"0", "7", "SUN-TUE", "FRI-MON"} {
		_, err := cron.ParseStandard("30 4 * * " + days)
		fmt.Printf("day %s: taken %t\n", days, err == nil)
	}
}
GO
go mod init seen >go.log 2>&1
go get github.com/robfig/cron/v3@v3.0.1 >>go.log 2>&1
go mod tidy >>go.log 2>&1
go run . | tee seen.txt
diff - seen.txt <<'END'
after 28 Mar 12:00: 30 Mar 02:30 CEST; 31 Mar 02:30 CEST;
after 24 Oct 12:00: 25 Oct 02:30 CEST; 25 Oct 02:30 CET;
day 0: taken true
day 7: taken false
day SUN-TUE: taken true
day FRI-MON: taken false
END
