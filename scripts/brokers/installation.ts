/** What became of one broker, and a sentence about it. */
export interface Installation {
  readonly broker: string;
  readonly state: 'installed' | 'present' | 'left out';
  readonly detail: string;
}
