import { z } from "zod";
import { attributeTypeNames } from "../ldap/attributes.ts";
import { isWithin } from "../ldap/dn.ts";
import { bindSettings, connectionSettings, dnSetting, filterSetting, tlsSettings } from "../ldap/settings.ts";

const kind = z
  .strictObject({
    base: dnSetting.describe("Base DN of the entries of this kind. New entries are created in it or below."),
    filter: filterSetting
      .default("(objectClass=*)")
      .describe("LDAP filter that all entries of this kind match. Entries that do not match are out of reach."),
    rdn: z
      .string()
      .default("cn")
      .describe("Attribute that names an entry within its container. The mapping must set it for new entries."),
    withoutPassword: z
      .enum(["generate", "disable"])
      .default("generate")
      .describe(
        "What to do with a new account without a password: set a long random one that nobody knows, or create the account disabled.",
      ),
    onDelete: z
      .union([
        z.literal("delete"),
        z.strictObject({
          moveTo: z.string().describe("Container to move deleted entries to. It must be outside the kind's base."),
          disable: z.boolean().default(true).describe("Also disables moved accounts."),
        }),
      ])
      .default("delete")
      .describe("What DELETE does: delete the entry, or move and disable it."),
  })
  .refine(({ base, onDelete }) => onDelete === "delete" || !isWithin(onDelete.moveTo, base), {
    path: ["onDelete", "moveTo"],
    message: "must be outside the kind's base: deleted entries must disappear for SCIM clients",
  });

/** The settings of the connector. */
export const config = z
  .strictObject({
    urls: z
      .array(z.url({ protocol: /^ldaps?$/, hostname: /.+/ }))
      .min(1)
      .optional()
      .describe("Domain controllers, ldaps://host, in order of preference. Use either this or domain."),
    domain: z
      .string()
      .optional()
      .describe("DNS name of the domain. Its controllers are found by SRV records. Use either this or urls."),
    nameServers: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("Name servers of the domain, as IP addresses. Default: the system's."),
    bind: bindSettings.describe("Service account: a DN, or a name such as svc-scim@corp.example.com."),
    tls: tlsSettings,
    connections: connectionSettings,
    returnAfter: z
      .int()
      .min(1)
      .default(60)
      .describe("Seconds for which a preferred domain controller must be available before it is used again."),
    attributes: z
      .record(z.string(), z.enum(attributeTypeNames))
      .default({})
      .describe(
        "Types of attributes outside Microsoft's schema; others are text. A mapping can set them with `as`, too.",
      ),
    kinds: z.record(z.string(), kind).describe("The kinds of entries, under names that mappings use."),
  })
  .refine(({ urls, domain }) => (urls === undefined) !== (domain === undefined), {
    path: ["urls"],
    message: "set either urls, the domain controllers, or domain",
  });
