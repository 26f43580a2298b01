package check

import "testing"

func TestAddKeepsTheOrderAndTheCounts(t *testing.T) {
	report := run(t, testSubject(t))
	before := report.Counts[SeverityError]
	report.Add(
		Finding{Rule: "z-info", Severity: SeverityInfo},
		Finding{Rule: "a-error", Severity: SeverityError},
		Finding{Rule: "a-warning", Severity: SeverityWarning},
	)
	if report.Counts[SeverityError] != before+1 || !report.Refused() {
		t.Errorf("the counts are %v", report.Counts)
	}
	for i := 1; i < len(report.Findings); i++ {
		if report.Findings[i-1].compare(report.Findings[i]) > 0 {
			t.Errorf("%+v stands before %+v", report.Findings[i-1], report.Findings[i])
		}
	}
	if idle := report.Override("a-error"); len(idle) != 0 || report.Counts[SeverityError] != before {
		t.Errorf("after an override the counts are %v, idle %q", report.Counts, idle)
	}
}
