import { generateKeyPairSync } from 'node:crypto';
import type { Fault } from './faults.ts';
import { createFleet } from './fleet/fleet.ts';
import { createSalesforceSource } from './fleet/salesforce_records.ts';
import { createTackleSource } from './fleet/tackle_records.ts';
import { startPolarisSimulator } from './polaris/simulator.ts';
import { startSalesforceSimulator } from './salesforce/simulator.ts';
import type { RunningServer } from './server.ts';
import type { WorldState } from './state.ts';
import type { HyperEngine } from './tableau/published_file.ts';
import { type Published, SIMULATED_CREDENTIALS, startTableauSimulator } from './tableau/tableau.ts';
import { startTackleSimulator } from './tackle/simulator.ts';

export const SIMULATOR_NAMES = ['polaris', 'salesforce', 'tackle', 'tableau'] as const;
export type SimulatorName = (typeof SIMULATOR_NAMES)[number];

/** Where the simulators listen, and the demonstration credentials that they take. No secret of anybody's. */
export interface WorldAccess {
  readonly polaris: { readonly url: string };
  readonly salesforce: { readonly url: string };
  readonly tackle: {
    readonly url: string;
    readonly contracts_url: string;
    readonly microsoft_offers_url: string;
    readonly aws_offers_url: string;
  };
  readonly tableau: { readonly url: string; readonly site: string };
  readonly client_id: string;
  readonly client_secret: string;
  readonly token_name: string;
  readonly token_secret: string;
  readonly salesforce_username: string;
}

/** All four simulators over one world. */
export interface World {
  readonly access: WorldAccess;
  readonly servers: Readonly<Record<SimulatorName, RunningServer>>;
  /** The private key (PKCS#8 PEM) for Salesforce's JWT bearer flow. */
  readonly salesforcePrivateKey: string;
  /** Moves the clock of all of them; what was recorded before stays as it was. */
  setNow(now: string): void;
  setFaults(name: SimulatorName, faults: readonly Fault[]): void;
  /** What Tableau shows now. */
  published(): readonly Published[];
  close(): Promise<void>;
}

const CLIENT_ID = 'meterline-demo';
const CLIENT_SECRET = 'simulators-take-this';
const USERNAME = 'meterline@simulator.example';
const TOKEN_NAME = 'meterline';
const TABLEAU_SITE = 'meterline';

/**
 * Starts Polaris, Salesforce, Tackle and Tableau on loopback and free ports, each showing its side of one fleet.
 * `tableauDir` keeps what is published; `hyperd` lets Tableau open the extracts it is given.
 */
export async function startWorld(
  state: WorldState,
  options: { readonly tableauDir: string; readonly hyperd?: HyperEngine },
): Promise<World> {
  let now = state.now;
  const clock = () => now;
  const fleet = createFleet(state);
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const credentials = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
  const publicKeyPem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const salesforceAuth = { ...credentials, username: USERNAME, publicKeyPem };
  const polaris = await startPolarisSimulator({ fleet, now: clock, ...credentials });
  const salesforce = await startSalesforceSimulator({
    source: createSalesforceSource(fleet),
    now: clock,
    auth: salesforceAuth,
    pollsUntilComplete: 1,
  });
  const tackle = await startTackleSimulator({
    source: createTackleSource(fleet),
    now: clock,
    ...credentials,
  });
  const tableau = await startTableauSimulator({
    stateDir: options.tableauDir,
    site: TABLEAU_SITE,
    credentials: { ...SIMULATED_CREDENTIALS, personalAccessTokens: { [TOKEN_NAME]: CLIENT_SECRET } },
    ...(options.hyperd !== undefined && { hyperd: options.hyperd }),
  });
  const servers = { polaris, salesforce, tackle, tableau };
  return {
    access: {
      polaris: { url: polaris.url },
      salesforce: { url: salesforce.url },
      tackle: {
        url: tackle.url,
        contracts_url: tackle.contractsUrl,
        microsoft_offers_url: tackle.microsoftOffersUrl,
        aws_offers_url: tackle.awsOffersUrl,
      },
      tableau: { url: tableau.url, site: TABLEAU_SITE },
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      token_name: TOKEN_NAME,
      token_secret: CLIENT_SECRET,
      salesforce_username: USERNAME,
    },
    servers,
    salesforcePrivateKey: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    setNow: (instant) => {
      if (instant < now) throw new Error(`simulators: clock: got ${instant}, want ${now} or later`);
      now = instant;
    },
    setFaults: (name, faults) => servers[name].faults.set(faults),
    published: () => tableau.published(),
    close: async () => {
      await Promise.all(Object.values(servers).map((server) => server.close()));
    },
  };
}
