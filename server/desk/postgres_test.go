package desk_test

import (
	"os"
	"testing"

	"certdesk/server/ledger/ledgertest"
)

func TestMain(m *testing.M) { os.Exit(ledgertest.Main(m)) }

// TestOnPostgreSQL repeats on PostgreSQL what goes wrong between two lines of
// code: there, unlike in SQLite, writers of one talk are in the ledger at once.
func TestOnPostgreSQL(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"the whole way":                      TestAPersonGetsToThePayment,
		"a redelivery that overlaps":         TestARedeliveryThatOverlapsTheFirstIsOneEvent,
		"a crash after each write":           TestACrashAfterEachWrite,
		"acting again after a loss":          TestActingAgainAfterALossMakesOneOrder,
		"a job that runs twice at once":      TestAJobRunTwiceAtOnceSendsWhatItAsksForOnce,
		"a payment reported before it opens": TestAPaymentThatIsReportedBeforeItsOpeningReturned,
		"reports in their order":             TestReportsAreDecidedAndSaidInOrder,
		"a branch that is chosen":            TestACompanyChoosesItsBranch,
	} {
		t.Run(name, test)
	}
}
