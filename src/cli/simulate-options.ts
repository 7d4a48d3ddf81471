import type { EndpointOptions } from "./scim-endpoint.ts";

/** What a simulation is asked for on the command line. */
export interface SimulateOptions extends Omit<EndpointOptions, "url"> {
  readonly endpoint: string;
  readonly state: string;
  readonly schema?: string;
  readonly people?: string;
  readonly groups?: string;
  readonly edits?: string | true;
  readonly groupEdits?: string;
  readonly seed: number;
  readonly domain: string;
  readonly syncAll?: true;
  readonly deletionThreshold?: number;
  readonly allowDeletes?: true;
  readonly skipOutOfScopeDeletions?: true;
  readonly membersPerRequest?: number;
  readonly quarantineFrom?: number;
  readonly parallel?: number;
  readonly rate?: number;
  readonly verify: boolean;
  readonly dryRun?: true;
}
