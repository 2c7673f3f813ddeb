package notice

import (
	"strings"

	"excs/shared/model"
)

// The lists of properties that EXCS never controls (RULES 2), from the schemas of the Platform API and the audit events
// seen. They are written in lower case without separators; see first. What is not listed is looked at, so a list that is
// too short costs a read and never a missed change. "addresses" and "primaryContactInfo" are left out on purpose: an
// e-mail address is one of them. So is a user's division, and the state of a skill, which is how it is deleted.

// words is a list of words with a space before and behind each.
type words string

func (w words) has(word string) bool {
	return word != "" && strings.Contains(string(w), " "+word+" ")
}

const (
	// versions move with every change.
	versions words = " version datemodified datecreated modifiedby createdby modifiedon lastmodified selfuri etag "

	// presences are a user's working state.
	presences words = " presence presences primarypresence presencedefinition secondarypresence integrationpresence" +
		" systempresence routingstatus conversationsummary outofoffice geolocation station stations laststation statusmessage "

	// logins are the times at which a user or a client used the organisation.
	logins words = " lastlogin lastlogindate datelastlogin lastlogout datelastactive lastactive lastactivity lastactivitydate" +
		" lasttokenissued datelasttokenissued datewelcomesent logintime lastaccess "

	// identifying are the properties by which an object of the EX Org may be taken for one of Engage's.
	identifying words = " name email username peerid externalid externalids "
)

// The fields of a kind that belong to the EX Org's administrators.
const (
	userFields words = " title department manager images chat certifications biography employerinfo preferredname" +
		" profileskills locations groups team workplanbidranks acdautoanswer languagepreference authorization roles" +
		" roledivisions utilization preferences password "

	queueFields words = " division divisionid description mediasettings routingrules bullseye acwsettings" +
		" skillevaluationmethod scoringmethod lastagentroutingmode membergroups queueflow conditionalgrouprouting" +
		" conditionalgroupactivation emailinqueueflow messageinqueueflow whisperprompt onholdprompt autoansweronly" +
		" cannedresponselibraries enabletranscription enableaudiomonitoring enablemanualassignment agentownedrouting" +
		" directrouting callingpartyname callingpartynumber defaultscripts outboundmessagingaddresses outboundemailaddress" +
		" suppressinqueuecallrecording membercount usermembercount joinedmembercount ringnumber "

	codeFields words = " description division divisionid "

	skillFields words = " division divisionid "
)

// foreign gives the fields of a kind that Engage does not decide.
func foreign(kind model.Kind) words {
	switch kind {
	case model.KindUser:
		return userFields
	case model.KindQueue:
		return queueFields
	case model.KindWrapUpCode:
		return codeFields
	case model.KindSkill, model.KindLanguage:
		return skillFields
	default:
		return ""
	}
}
