/**
 * Lanes are the unit that relays share. A power of two; more lanes allow more relays, and cost nothing else.
 * Fixed by the first migration: rows carry their lane.
 */
export const LANE_COUNT = 64;
