package exorgtest

// WithVersionConflictForm sets the status of a stale user version: 409 (default) or 400; both carry "does not match the current version".
func WithVersionConflictForm(status int) Option {
	return func(c *config) { c.quirks.versionStatus = status }
}

// WithDuplicateStatus sets the status of a duplicate name of a queue, wrap-up code or language: 400 (default: 409 was never
// declared natively for them) or 409.
func WithDuplicateStatus(status int) Option {
	return func(c *config) { c.quirks.duplicateStatus = status }
}

// WithCaseSensitiveNames lets names that differ in case only live side by side; by default they are duplicates.
func WithCaseSensitiveNames(yes bool) Option { return func(c *config) { c.quirks.caseSensitive = yes } }

// WithDeletedNamesHeld lets a deleted skill or language and a deactivated source hold its name: a new one is a duplicate.
// By default the name is free again.
func WithDeletedNamesHeld(yes bool) Option { return func(c *config) { c.quirks.namesHeld = yes } }

// WithDeletedUsersFreeExternalIDs lets the deletion of a user free its external ids; by default it holds them.
func WithDeletedUsersFreeExternalIDs(yes bool) Option {
	return func(c *config) { c.quirks.externalIDsFreed = yes }
}

// WithDeletedSkillReadable lets a read of a deleted skill or language answer 200 with state deleted; by default it is 404.
func WithDeletedSkillReadable(yes bool) Option {
	return func(c *config) { c.quirks.deletedReadable = yes }
}

// WithDeletedSkillListed lets lists of skills and languages hold deleted rows; by default they do not.
func WithDeletedSkillListed(yes bool) Option { return func(c *config) { c.quirks.deletedListed = yes } }

// WithDeletedAssignmentsShown lets a user's lists still show deleted skills and languages, with state deleted; by default they vanish.
func WithDeletedAssignmentsShown(yes bool) Option {
	return func(c *config) { c.quirks.assignmentsShown = yes }
}

// WithSkillsSurvive says whether a deleted and restored user has its skills and languages back; default no.
func WithSkillsSurvive(yes bool) Option { return func(c *config) { c.quirks.skillsSurvive = yes } }

// WithMembershipsSurvive says whether a deleted and restored user has its queue memberships back; default no.
func WithMembershipsSurvive(yes bool) Option {
	return func(c *config) { c.quirks.membersSurvive = yes }
}

// WithSkillsMoveVersion says whether a change of a user's skills, languages or external ids moves the user's version; default no.
func WithSkillsMoveVersion(yes bool) Option { return func(c *config) { c.quirks.skillsMove = yes } }

// WithSourceDeleteRemoves lets DELETE of a presence source remove it; by default it is deactivated.
func WithSourceDeleteRemoves(yes bool) Option {
	return func(c *config) { c.quirks.sourceRemoved = yes }
}

// WithStrictBodies lets a user create or update with properties that it does not take answer 400, and an update of
// state together with other fields too; by default they are ignored.
func WithStrictBodies(yes bool) Option { return func(c *config) { c.quirks.strictBodies = yes } }

// WithEmptyAddressesRefused lets addresses: [] in a user update answer 400, as one source reports; by default it empties them.
func WithEmptyAddressesRefused(yes bool) Option {
	return func(c *config) { c.quirks.emptyAddresses = yes }
}

// WithUnknownMembersIgnored lets an add of members skip ids of users that do not exist; by default the whole call answers 404.
func WithUnknownMembersIgnored(yes bool) Option {
	return func(c *config) { c.quirks.unknownMembers = yes }
}

// WithSkillAudit says whether changes of skills and languages have audit events; unproven, default no.
func WithSkillAudit(yes bool) Option { return func(c *config) { c.quirks.skillAudit = yes } }

// WithClientInEvents puts the OAuth client's id into the event's clientId as well; by default only userId carries it.
func WithClientInEvents(yes bool) Option { return func(c *config) { c.quirks.clientInEvents = yes } }

// WithUncheckedBodies lets bodies hold values of a wrong type or outside an enum; by default they are answered 400, as the platform does.
func WithUncheckedBodies(yes bool) Option { return func(c *config) { c.quirks.looseBodies = yes } }

// WithQueueReferencesChecked lets a queue body that refers to a queue which does not exist answer 400 (conditional group routing and
// activation, the backup queue of direct routing); unproven, by default such references are taken.
func WithQueueReferencesChecked(yes bool) Option {
	return func(c *config) { c.quirks.queueRefsChecked = yes }
}

// WithBareVersionConflict lets a stale user version answer 409 general.conflict in words that do not say what conflicts, whatever
// WithVersionConflictForm says.
func WithBareVersionConflict(yes bool) Option { return func(c *config) { c.quirks.bareVersions = yes } }

// WithNamesTrimmed lets the organisation take outer space off the names that it is given; by default it keeps them as they come.
func WithNamesTrimmed(yes bool) Option { return func(c *config) { c.quirks.namesTrimmed = yes } }

// WithNameLimits lets names of skills, languages and wrap-up codes that are longer, in characters, answer 400; 0, the default, is no limit,
// because none is published.
func WithNameLimits(skills, languages, codes int) Option {
	return func(c *config) {
		c.quirks.nameLimits = map[Kind]int{KindSkill: skills, KindLanguage: languages, KindCode: codes}
	}
}

// WithErasedStatus sets what an attempt to restore an erased user answers: 404 (default), 400 or 409.
func WithErasedStatus(status int) Option { return func(c *config) { c.quirks.erasedStatus = status } }
