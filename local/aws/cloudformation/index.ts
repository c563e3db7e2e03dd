/**
 * CloudFormation: stacks and change sets over the wire, on the same engine by which `waybill start` deploys.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
 */
import { customResourceRoute } from '../../assembly/providers/custom-resource.ts';
import type { StartDatabase } from '../../assembly/providers/provider.ts';
import { stacksOf } from '../../assembly/stacks.ts';
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import { createAssets } from './assets.ts';
import { cloudFormationAuthorization } from './authorization.ts';
import { createChangeSets } from './change-sets.ts';
import { stackActions } from './stack-actions.ts';
import { createWork } from './work.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly cloudformation: CloudFormationService;
  }
}

export interface CloudFormationService extends AwsService {
  readonly name: 'cloudformation';
  /** Called for each line that people should see: what stays when a stack loses it. */
  onLog(log: (line: string) => void): void;
  /** How to start the PostgreSQL behind a database cluster. Without it, clusters do not run. */
  onDatabase(startDatabase: StartDatabase): void;
  /** Resolves when no stack changes any more. */
  settled(): Promise<void>;
}

/** Actions that begin a change. */
const BEGINNING: ReadonlySet<string> = new Set([
  'ContinueUpdateRollback',
  'CreateStack',
  'DeleteStack',
  'ExecuteChangeSet',
  'RollbackStack',
  'UpdateStack',
]);

/** CloudFormation with the stacks that an earlier process kept. */
export function createCloudFormationService(context: AwsContext): CloudFormationService {
  const stacks = stacksOf(context);
  const assets = createAssets(context);
  const work = createWork(context, stacks, assets);
  const changeSets = createChangeSets(work);
  const actions = { ...changeSets.actions, ...stackActions(work, changeSets) };
  return {
    name: 'cloudformation',
    protocols: {
      query: {
        apiVersion: '2010-05-15',
        emptyResults: ['ContinueUpdateRollback', 'DeleteChangeSet', 'ExecuteChangeSet'],
        xmlNamespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
      },
      routes: [customResourceRoute(context)],
    },
    async handle(action, input) {
      const output = (await actionNamed(actions, 'CloudFormation', action)(input)) ?? {};
      if (BEGINNING.has(action)) await work.settledSoon();
      return output;
    },
    authorization: (action, input) => cloudFormationAuthorization(context, action, input),
    onLog(log) {
      stacks.log = log;
    },
    onDatabase(startDatabase) {
      stacks.startDatabase = startDatabase;
    },
    settled: () => work.settled(),
    close: () => assets.close(),
  };
}
