/**
 * Expiry by lifecycle rules, once a day at midnight UTC, by the clock of the embedded AWS.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
 */
import type { AwsContext, ClockTimer } from '../context.ts';
import { currentVersion, type Bucket, type ObjectVersion } from './model.ts';
import type { Notify } from './notifications.ts';
import { deleteMarker } from './objects.ts';
import type { Store } from './store.ts';
import { child, children, childText, type XmlTree } from './xml.ts';

const DAY = 86_400_000;

export interface Lifecycle {
  /** Call after a bucket's rules changed: the daily timer runs only while a bucket has any. */
  arm(): void;
  close(): void;
}

export function createLifecycle(context: AwsContext, store: Store, notify: Notify): Lifecycle {
  const { clock } = context;
  let timer: ClockTimer | undefined;

  const sweep = (): void => {
    timer = undefined;
    for (const bucket of store.buckets.values()) {
      for (const rule of rulesOf(bucket)) apply(rule, bucket);
    }
    arm();
  };

  const arm = (): void => {
    const needed = [...store.buckets.values()].some((bucket) => rulesOf(bucket).length > 0);
    if (timer !== undefined && !needed) {
      clock.clearTimeout(timer);
      timer = undefined;
    }
    if (timer === undefined && needed) timer = clock.setTimeout(sweep, DAY - (clock.now() % DAY));
  };

  const apply = (rule: Rule, bucket: Bucket): void => {
    const now = clock.now();
    for (const key of store.sortedKeys(bucket)) {
      const versions = bucket.objects.get(key) ?? [];
      const current = currentVersion(bucket, key);
      if (current && rule.matches(current) && rule.expires(current, now)) expire(bucket, current);
      for (const [index, version] of versions.entries()) {
        const newer = versions[index - 1];
        if (newer === undefined || rule.noncurrentDays === undefined || !rule.matches(version)) continue;
        if (isDue(newer.lastModified, rule.noncurrentDays, now) && index > rule.newerNoncurrent) {
          store.removeVersion(bucket, version);
          notify(bucket, 'LifecycleExpiration:Delete', version);
        }
      }
      const left = bucket.objects.get(key) ?? [];
      const [marker] = left;
      if (rule.removesMarkers && left.length === 1 && marker && marker.content === undefined) {
        store.removeVersion(bucket, marker);
      }
    }
    if (rule.abortDays === undefined) return;
    for (const upload of bucket.uploads.values()) {
      if (upload.key.startsWith(rule.prefix) && isDue(upload.initiatedAt, rule.abortDays, now)) {
        store.removeUpload(bucket, upload);
      }
    }
  };

  const expire = (bucket: Bucket, version: ObjectVersion): void => {
    if (bucket.versioning === undefined) {
      store.removeVersion(bucket, version);
      notify(bucket, 'LifecycleExpiration:Delete', version);
      return;
    }
    const marker = deleteMarker(store, bucket, version.key, clock.now());
    store.addVersion(bucket, marker);
    notify(bucket, 'LifecycleExpiration:DeleteMarkerCreated', marker);
  };

  arm();
  return {
    arm,
    close() {
      if (timer !== undefined) clock.clearTimeout(timer);
    },
  };
}

interface Rule {
  readonly prefix: string;
  matches(version: ObjectVersion): boolean;
  expires(version: ObjectVersion, now: number): boolean;
  readonly noncurrentDays: number | undefined;
  /** How many noncurrent versions are kept in any case. */
  readonly newerNoncurrent: number;
  readonly removesMarkers: boolean;
  readonly abortDays: number | undefined;
}

/** Transitions to other storage classes change nothing here, and are not rules. */
function rulesOf(bucket: Bucket): readonly Rule[] {
  return children(bucket.configurations.get('lifecycle'), 'Rule')
    .filter((rule) => childText(rule, 'Status') === 'Enabled')
    .map(ruleOf);
}

function ruleOf(rule: XmlTree): Rule {
  const filter = child(rule, 'Filter');
  const all = child(filter, 'And') ?? filter;
  const prefix = childText(all, 'Prefix') ?? childText(rule, 'Prefix') ?? '';
  const tags = children(all, 'Tag').map(
    (tag) => [childText(tag, 'Key') ?? '', childText(tag, 'Value') ?? ''] as const,
  );
  const over = numberIn(all, 'ObjectSizeGreaterThan') ?? -1;
  const under = numberIn(all, 'ObjectSizeLessThan') ?? Infinity;
  const expiration = child(rule, 'Expiration');
  const days = numberIn(expiration, 'Days');
  const date = childText(expiration, 'Date');
  const noncurrent = child(rule, 'NoncurrentVersionExpiration');
  return {
    prefix,
    matches: ({ key, size, tags: own }) =>
      key.startsWith(prefix) &&
      size > over &&
      size < under &&
      tags.every(([name, value]) => own[name] === value),
    expires: ({ lastModified }, now) =>
      (days !== undefined && isDue(lastModified, days, now)) ||
      (date !== undefined && Date.parse(date) <= now),
    noncurrentDays: numberIn(noncurrent, 'NoncurrentDays'),
    newerNoncurrent: numberIn(noncurrent, 'NewerNoncurrentVersions') ?? 0,
    removesMarkers: childText(expiration, 'ExpiredObjectDeleteMarker') === 'true',
    abortDays: numberIn(child(rule, 'AbortIncompleteMultipartUpload'), 'DaysAfterInitiation'),
  };
}

/** S3 adds the days to the time and rounds up to the next midnight UTC. lifecycle-expire-general-considerations.html */
function isDue(since: number, days: number, now: number): boolean {
  return now >= Math.ceil((since + days * DAY) / DAY) * DAY;
}

function numberIn(tree: XmlTree | undefined, name: string): number | undefined {
  const text = childText(tree, name);
  return text === undefined ? undefined : Number(text);
}
