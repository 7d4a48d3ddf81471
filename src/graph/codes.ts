import type { ProvisioningError } from "./record.ts";

/** What an error of the provisioning log means, and what to do about it. */
const ERRORS: Readonly<Record<string, string>> = {
  AzureActiveDirectoryInvalidUserPrincipalName:
    "The user name is not valid in Entra: it may hold letters without accents, digits and ' . - _ ! # ^ ~ before the @. Correct userName in the sync's rules.",
  AzureActiveDirectoryDuplicateUserPrincipalName:
    "Another account has this user name already, and was not matched to this person. If it is theirs, set its employeeId to the person's externalId; if not, give the person another userName.",
  InvalidDomain:
    "The user name's domain is not a verified domain of the tenant. Verify it, or use another domain in userName.",
  AzureActiveDirectoryCannotUpdateObjectsMasteredOnPremises:
    "The account is synchronised from Active Directory, and cannot be changed in Entra. Send this person to an app whose target is Active Directory.",
  AzureActiveDirectoryCannotUpdateObjectsOriginatedInExternalService:
    "Another service owns one of the attributes, such as mail by Exchange. Remove that attribute from the app's mapping.",
  AzureActiveDirectoryQuotaLimitExceeded:
    "The tenant holds as many objects as it may. Delete what is not needed, or ask Microsoft for a higher quota.",
  AzureActiveDirectoryForbidden:
    "Entra's provisioning service may not make this change. Check whether the account has a privileged role.",
  DuplicateTargetEntries:
    "More than one account has this person's matching value, by default employeeId. Remove it from all accounts but the right one.",
  DuplicateSourceEntries:
    "More than one person was sent with the same matching value. Give each person an externalId of their own.",
  ImportSkipped:
    "The record has no value for the matching attribute, by default externalId. Send one, or correct the app's matching attribute.",
  MandatoryFieldsMissing:
    "A required attribute is missing, such as displayName or userName. Send it, or give it a default value in the app's mapping.",
  MissingValues:
    "A required attribute is missing, such as displayName or userName. Send it, or give it a default value in the app's mapping.",
  SchemaAttributeNotFound: "The app's mapping names an attribute that the target does not have. Correct the mapping.",
  SchemaPropertyCanOnlyAcceptValue: "An attribute takes one value, and several were mapped to it. Map a single value.",
  InvalidAnchor:
    "The account that was matched before is gone. Restart provisioning, so that all people are matched anew.",
  HybridSynchronizationActiveDirectoryCannotFindAttribute:
    "The provisioning agent does not know an attribute of Active Directory; it reads the schema when it starts. Restart the agent's service after each extension of the schema.",
  HybridSynchronizationActiveDirectoryInternalServerError:
    "The provisioning agent could not process the change. Look at its event log on the agent's server.",
  HybridIdentityServiceNoAgentsAssigned:
    "No provisioning agent of this domain is active. Start the agent, or install one.",
  SystemForCrossDomainIdentityManagementBadResponse:
    "Active Directory rejected the change. Look at the value and its attribute in Entra's words.",
  SystemForCrossDomainIdentityManagementServiceIncompatible:
    "The provisioning agent answered something that Entra does not understand. Update the agent.",
  EndpointUnavailable:
    "The provisioning agent could not reach a domain controller. Check the agent and its connection.",
  LicenseLimitExceeded: "The tenant has no licence left for this account. Get more licences.",
  InsufficientRights:
    "The provisioning service, or the agent's account, may not make this change. Give it rights on the organisational unit.",
  Unauthorized: "The provisioning service may not make this change. Check its rights on the target.",
  UnprocessableEntity: "The target did not accept the change. Check the app's mapping.",
  NotImplemented: "The target cannot do this. Check the app's target actions and mapping.",
  Conflict:
    "The change conflicts with the target: often another account has the same value of an attribute that must be unique. Correct the value.",
  EntryConflict:
    "The change conflicts with the target: often another account has the same value of an attribute that must be unique. Correct the value.",
  TooManyRequests: "Entra was throttled by the target. It tries again by itself.",
  Timeout: "The target took too long. Entra tries again by itself.",
  InternalError: "Entra's provisioning service failed. It tries again by itself, in 40 minutes.",
  InternalServerError: "Entra's provisioning service failed. It tries again by itself, in 40 minutes.",
  WebExceptionProtocolError: "Entra could not speak to the target. It tries again by itself, in 40 minutes.",
};

/** Errors that only their text tells apart, or tells more exactly: from the first that fits. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [
    /CONSTRAINT_ATT_TYPE|ConstraintViolation/i,
    "Active Directory rejected a value, often because it is too long: company and cn take 64 characters. Shorten the attribute that Entra's words name.",
  ],
  [
    /InvalidAttributeSyntax/i,
    "Active Directory takes no empty text. Send null in its place, and let null values flow for the attribute, or give it a default value in the app's mapping.",
  ],
  [
    /superior reference/i,
    "There is no such organisational unit. Correct the default OU, or the mapping of parentDistinguishedName.",
  ],
  [/domain (does not|doesn't) exist/i, ERRORS.InvalidDomain!],
  [/INSUFF_ACCESS_RIGHTS|InsufficientAccessRights/i, ERRORS.InsufficientRights!],
  [
    /employee(HireDate|LeaveDateTime).*|.*DateTimeOffset/is,
    "A date was sent in a form that Entra does not take. Send a date with a time and a zone, such as 2026-05-01T00:00:00Z.",
  ],
];

/** Why Entra did nothing for a person, by the SkipReason of a step, and what to do. */
const SKIPS: Readonly<Record<string, string>> = {
  RedundantExport: "Nothing to change: the account is as it was sent.",
  NotEffectivelyEntitled:
    "The person is not in scope of the provisioning app, or is inactive and has no account. Check the app's scoping filters and `active`.",
  ImportSkipped: ERRORS.ImportSkipped!,
};

const MAX_WORDS = 300;

/** The codes of errors that have a sentence of their own. */
export const knownErrors: readonly string[] = Object.keys(ERRORS);

/** An error as a sentence that says what it means and what to do, with Entra's own words; one that is not known is told as it is. */
export function errorText({ code, reason, details, recommendedAction }: ProvisioningError): string {
  const said = `${reason} ${details}`;
  const isVague = ERRORS[code] === undefined || /BadResponse|InternalServerError|Conflict$/.test(code);
  const [, exact] = (isVague ? TEXTS.find(([pattern]) => pattern.test(said)) : undefined) ?? [];
  const words = cut(reason || details);
  const meaning = exact ?? ERRORS[code];
  if (meaning !== undefined) return words === "" ? meaning : `${meaning} Entra's words: ${words}`;
  const next = cut(recommendedAction);
  return `Entra reports ${code || "an error without a code"}${words === "" ? "." : `: ${words}`}${next === "" ? "" : ` ${next}`}`;
}

/** Why a person was skipped, as a sentence; a reason that is not known is told as it is. */
export const skipText = (reason: string): string =>
  SKIPS[reason] ??
  (reason === "" ? "Entra skipped the person, and gave no reason." : `Entra skipped the person: ${reason}.`);

const cut = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}…` : line;
};
