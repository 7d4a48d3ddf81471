/** A page of the documentation: its path below docs/, and what it says in one line. */
export type Page = readonly [path: string, says: string];

/** Pages that belong together, in the order in which they are listed. */
export interface Group {
  readonly title: string | undefined;
  readonly pages: readonly Page[];
}

/** A shelf of the documentation. */
export interface Shelf {
  readonly title: string;
  /** What one goes there for. */
  readonly purpose: string;
  readonly groups: readonly Group[];
}

/** All pages, by shelf: the site's sidebar and docs/README.md follow from this list. A page that is missing here fails a test. */
export const shelves: readonly Shelf[] = [
  {
    title: "Tutorials",
    purpose: "Learn Postern by doing, from nothing to a first result.",
    groups: [
      {
        title: undefined,
        pages: [
          ["tutorial/demo.md", "See it move: a made-up company, Entra and HR, with one command"],
          [
            "tutorial/first-directory.md",
            "From nothing to an OpenLDAP directory that Entra provisions, in thirty minutes",
          ],
          [
            "tutorial/hr-to-active-directory.md",
            "Make accounts in Active Directory from a CSV file of HR's, up to the first leaver",
          ],
        ],
      },
    ],
  },
  {
    title: "Guides",
    purpose: "Get one task done.",
    groups: [
      {
        title: "Install",
        pages: [
          ["guides/install.md", "Package, container image, clone or systemd, each within a minute"],
          ["guides/windows.md", "As a Windows service"],
          ["guides/upgrade.md", "Upgrade, go back, and what versions promise"],
        ],
      },
      {
        title: "Microsoft Entra ID",
        pages: [
          [
            "guides/entra.md",
            "Screen by screen and field by field: credentials, mappings, scoping, provision on demand",
          ],
          ["guides/outbound-only.md", "Without an inbound port: Microsoft's provisioning agent, or a tunnel"],
          ["guides/entra-inbound.md", "The other direction: people from HR to Entra ID"],
          ["guides/migrate-from-ecma.md", "From the ECMA connector host to Postern"],
          ["guides/migrate-from-scimgateway.md", "From jelhub/scimgateway to Postern, without creating anybody twice"],
          ["guides/simulator.md", "Provision as Entra does, before any SCIM endpoint and without a tenant"],
          ["guides/troubleshooting.md", "By symptom, by Entra's error codes, and by what the log says"],
        ],
      },
      {
        title: "Configure",
        pages: [
          ["guides/check.md", "Find mistakes before they reach a backend, on the command line and in CI"],
          ["guides/playground.md", "Change a mapping and see at once what it does, without writing anything"],
          ["guides/mapping-tests.md", "Test a mapping with examples of your own"],
        ],
      },
      {
        title: "Directories",
        pages: [
          ["guides/active-directory.md", "Windows Server Active Directory: service account, rights, first user"],
          ["guides/openldap.md", "OpenLDAP and 389 Directory Server"],
        ],
      },
      {
        title: "Databases and files",
        pages: [
          ["guides/sql.md", "The user tables of an application: PostgreSQL, MariaDB, SQL Server, SQLite"],
          ["guides/mattermost.md", "Mattermost, through its database"],
          ["guides/file.md", "CSV, JSON lines and workbooks, from a folder or SFTP"],
        ],
      },
      {
        title: "HTTP APIs",
        pages: [
          ["guides/rest.md", "Any HTTP API, described call by call"],
          ["guides/scim-servers.md", "Another SCIM server, 2.0 or 1.1"],
          ["guides/gitlab.md", "GitLab"],
          ["guides/microsoft-graph.md", "Microsoft Graph"],
          ["guides/parse-server.md", "Parse Server"],
          ["guides/rabbitmq.md", "RabbitMQ"],
          ["guides/synapse.md", "Matrix Synapse"],
          ["guides/zabbix.md", "Zabbix"],
          ["guides/zendesk.md", "Zendesk"],
        ],
      },
      {
        title: "HR systems",
        pages: [
          ["guides/hr/README.md", "People from an HR system: what all of them have in common"],
          ["guides/hr/workday.md", "Workday"],
          ["guides/hr/successfactors.md", "SAP SuccessFactors"],
          ["guides/hr/oracle-hcm.md", "Oracle HCM"],
          ["guides/hr/bamboohr.md", "BambooHR"],
          ["guides/hr/personio.md", "Personio"],
          ["guides/hr/hibob.md", "HiBob"],
          ["guides/hr/others.md", "Other HR systems"],
        ],
      },
      {
        title: "Run",
        pages: [
          ["guides/operations.md", "A checklist for production, with a page for each task"],
          ["guides/access.md", "Who may call: methods, rights, secrets, networks"],
          ["guides/tls.md", "TLS by Postern itself, or by a proxy"],
          ["guides/console.md", "See in a browser what happens: turn the console on, and sign in"],
          ["guides/guard.md", "Change guard, protected entries, dry run"],
          ["guides/audit.md", "Who changed what, in a log that shows tampering"],
          ["guides/journal.md", "What was asked and done, step by step, and why something failed"],
          ["guides/monitoring.md", "Health checks, metrics, and what to do about each alert"],
          ["guides/logs.md", "What the log says, and what needs you"],
          ["guides/reload.md", "Change settings without a restart"],
          ["guides/limits-and-overload.md", "Limits of a request, a client and a slow backend"],
          ["guides/backup.md", "What Postern keeps, and how to get it back"],
          ["guides/sizing.md", "How much memory, and how many gateways"],
          ["guides/high-availability.md", "Several gateways behind a load balancer"],
          ["guides/kubernetes.md", "The Helm chart"],
        ],
      },
    ],
  },
  {
    title: "Reference",
    purpose: "Look up a setting, a command or a check.",
    groups: [
      {
        title: "Files",
        pages: [
          ["reference/settings.md", "The configuration file, setting by setting"],
          ["reference/cli.md", "The command line: every command, its options and examples, exit codes"],
          ["reference/mappings.md", "Mapping files: rows from SCIM attributes to a backend's"],
          ["reference/types.md", "Resource types and schemas of your own"],
          ["reference/syncs.md", "Syncs: rules, guards, states, and what is guaranteed"],
        ],
      },
      {
        title: "Connectors and sinks",
        pages: [
          ["reference/connectors/active-directory.md", "Connector `active-directory`"],
          ["reference/connectors/ldap.md", "Connector `ldap`"],
          ["reference/connectors/sql.md", "Connector `sql`"],
          ["reference/connectors/rest.md", "Connector `rest`"],
          ["reference/connectors/scim.md", "Connector `scim`"],
          ["reference/connectors/file.md", "Connector `file`"],
          ["reference/connectors/memory.md", "Connector `memory`"],
          ["reference/sinks/file.md", "Sink `file`"],
        ],
      },
      {
        title: "Protocol",
        pages: [
          ["reference/errors.md", "Errors that clients see, and what to do"],
          ["reference/clients.md", "What clients can ask: filters, order, pages, cursors, bulk"],
          ["reference/conformance.md", "RFC 7643 and 7644, requirement by requirement, with the test for each"],
          ["reference/interop.md", "The SCIM 2.0 Interoperability Profile"],
          ["reference/ipsie.md", "IPSIE"],
          ["reference/validate.md", "`postern validate`: the checks of a SCIM endpoint"],
        ],
      },
      {
        title: "Entra simulator",
        pages: [
          ["reference/simulator-input.md", "The simulator's input: people, groups, changes"],
          ["reference/simulator-report.md", "The simulator's report, finding by finding"],
          ["reference/entra-expressions.md", "Functions of Entra's attribute mappings"],
        ],
      },
    ],
  },
  {
    title: "Explanation",
    purpose: "Understand why Postern is as it is.",
    groups: [
      {
        title: undefined,
        pages: [
          ["explanation/request.md", "What happens to one PATCH, step by step"],
          ["explanation/pushdown.md", "How filters reach the backend, and what they cost"],
          ["explanation/guarantees.md", "What holds for reads, writes, repeats, crashes and several gateways"],
          ["architecture.md", "How the source is laid out, and how to add to it"],
          ["performance.md", "What was measured, and how"],
        ],
      },
    ],
  },
];

/** The pages of a shelf or of all. */
export const pagesOf = (...given: readonly Shelf[]): Page[] =>
  given.flatMap(({ groups }) => groups.flatMap(({ pages }) => pages));
