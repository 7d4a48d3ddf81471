import { z } from "zod";
import { attributeTypeNames } from "../ldap/attributes.ts";
import { isWithin } from "../ldap/dn.ts";
import { bindSettings, connectionSettings, dnSetting, filterSetting, tlsSettings } from "../ldap/settings.ts";

const kind = z
  .strictObject({
    base: dnSetting.describe("The DN below which entries of the kind live; new ones are made in it, or below."),
    filter: filterSetting
      .default("(objectClass=*)")
      .describe("What else they have in common, as an LDAP filter. An entry that does not meet it is out of reach."),
    rdn: z
      .string()
      .default("cn")
      .describe("The attribute that names an entry within its container. The mapping gives it to new entries."),
    withoutPassword: z
      .enum(["generate", "disable"])
      .default("generate")
      .describe(
        "What becomes of an account that comes without a password: it gets a long random one that nobody knows, or is made disabled.",
      ),
    onDelete: z
      .union([
        z.literal("delete"),
        z.strictObject({
          moveTo: z.string().describe("The container that it is moved to, outside the kind's base."),
          disable: z.boolean().default(true).describe("Whether an account is disabled, too."),
        }),
      ])
      .default("delete")
      .describe("What DELETE does: delete the entry, or move it away and disable it."),
  })
  .refine(({ base, onDelete }) => onDelete === "delete" || !isWithin(onDelete.moveTo, base), {
    path: ["onDelete", "moveTo"],
    message: "must be outside the kind's base: what was deleted has to be gone for SCIM clients",
  });

/** The settings of the connector. */
export const config = z
  .strictObject({
    urls: z
      .array(z.url({ protocol: /^ldaps?$/, hostname: /.+/ }))
      .min(1)
      .optional()
      .describe("The domain controllers, ldaps://host, the preferred one first; or name the domain."),
    domain: z
      .string()
      .optional()
      .describe("The domain's DNS name, whose controllers are found by SRV records; in place of urls."),
    nameServers: z
      .array(z.string())
      .min(1)
      .optional()
      .describe("Name servers that know the domain, as IP addresses; the system's without it."),
    bind: bindSettings.describe("The service account: a DN, or a name such as svc-scim@corp.example.com."),
    tls: tlsSettings,
    connections: connectionSettings,
    returnAfter: z
      .int()
      .min(1)
      .default(60)
      .describe("For how many seconds a preferred domain controller must have been well again before it is used."),
    attributes: z
      .record(z.string(), z.enum(attributeTypeNames))
      .default({})
      .describe(
        "Types of attributes that are not in Microsoft's schema; others are text. A mapping's `as` says it, too.",
      ),
    kinds: z.record(z.string(), kind).describe("The kinds of entries that there are."),
  })
  .refine(({ urls, domain }) => (urls === undefined) !== (domain === undefined), {
    path: ["urls"],
    message: "name the domain controllers by urls, or the domain, one of the two",
  });
