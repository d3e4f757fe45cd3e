/** Calls that the handlers of this process have answered. */
export const served = { calls: 0 };
