/** Clusters of ECS: on Fargate a name that services are under. */
import type { AwsContext } from '../context.ts';
import type { Input } from '../input.ts';
import { clusterNotFound, invalidParameter, optionalText, textList } from './errors.ts';
import type { Cluster } from './model.ts';

export interface Clusters {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** By name or ARN; `default` where none is named. @throws AwsError ClusterNotFoundException */
  get(nameOrArn: string | undefined): Cluster;
  /** Set by the services: a cluster that has some stays. */
  isInUse: (clusterArn: string) => boolean;
}

const NAME = /^[\w-]{1,255}$/;
const DEFAULT = 'default';
const SETTINGS = [
  'capacityProviders',
  'configuration',
  'defaultCapacityProviderStrategy',
  'settings',
  'tags',
];

export function createClusters(context: AwsContext): Clusters {
  const kept = context.state.collection<Cluster>('ecs.clusters');
  const clusters = new Map<string, Cluster>(kept.entries());
  const arnOf = (name: string): string =>
    `arn:aws:ecs:${context.region}:${context.accountId}:cluster/${name}`;
  const save = (cluster: Cluster): Cluster => {
    clusters.set(cluster.name, cluster);
    kept.put(cluster.name, cluster);
    return cluster;
  };
  const find = (nameOrArn = DEFAULT): Cluster | undefined =>
    clusters.get(nameOrArn.replace(/^arn:[^/]+:cluster\//, ''));
  const get = (nameOrArn: string | undefined): Cluster => {
    const found = find(nameOrArn);
    if (found === undefined) throw clusterNotFound();
    return found;
  };
  const settingsOf = (input: Input): Input =>
    Object.fromEntries(SETTINGS.filter((name) => name in input).map((name) => [name, input[name]]));

  const self: Clusters = {
    get,
    isInUse: () => false,
    actions: {
      CreateCluster(input) {
        const name = optionalText(input, 'clusterName') ?? DEFAULT;
        if (!NAME.test(name)) throw invalidParameter(`The cluster name ${name} is not valid.`);
        // As in AWS, one that is there is answered with.
        const cluster = find(name) ?? save({ name, arn: arnOf(name), settings: settingsOf(input) });
        return { cluster: describe(cluster) };
      },
      UpdateCluster(input) {
        const cluster = get(optionalText(input, 'cluster'));
        return {
          cluster: describe(save({ ...cluster, settings: { ...cluster.settings, ...settingsOf(input) } })),
        };
      },
      DescribeClusters(input) {
        const names = textList(input, 'clusters');
        const wanted = names.length === 0 ? [DEFAULT] : names;
        return {
          clusters: wanted
            .map((name) => find(name))
            .filter((one) => one !== undefined)
            .map(describe),
          failures: wanted
            .filter((name) => !find(name))
            .map((name) => ({ arn: arnOf(name), reason: 'MISSING' })),
        };
      },
      ListClusters: () => ({ clusterArns: [...clusters.values()].map(({ arn }) => arn) }),
      DeleteCluster(input) {
        const cluster = get(optionalText(input, 'cluster'));
        if (self.isInUse(cluster.arn)) {
          throw invalidParameter('The cluster has services: delete them first.');
        }
        clusters.delete(cluster.name);
        kept.delete(cluster.name);
        return { cluster: { ...describe(cluster), status: 'INACTIVE' } };
      },
    },
  };
  return self;
}

function describe({ arn, name, settings }: Cluster) {
  return { ...settings, clusterArn: arn, clusterName: name, status: 'ACTIVE' };
}
