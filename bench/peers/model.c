/* The reduced model in C, for gcc or clang with -O3 -march=native -ffast-math -fopenmp: what the hardware allows.
   Philox is the one of technopole (32-bit words in 64-bit lanes, which compilers turn into vector multiplications),
   so outcomes agree with technopole's to rounding. One loop per mechanism over a cell; OpenMP over worlds. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define OUTCOMES 6
#define LOW 0xFFFFFFFFull

typedef struct {
    double difficulty, learning_technology, learning_quality, spillover, beyond, chance, step, facility,
        facility_region, least_sales, price_weight, quality_weight, choice, margin, effort, operating, payout, fading;
} Parameters;

typedef struct {
    double *technology, *quality, *share, *cash, *research, *fitness;            /* per firm */
    double *technology_sum, *quality_sum, *share_sum, *squares, *cash_sum, *research_sum, *fitness_sum,
        *pool_t, *pool_q, *overhead;                                                  /* per cell */
    double *level, *win;                                                         /* per sector */
    double *met_t, *met_q, *chance, *size, *absorption;                          /* work for one cell */
    int32_t *partner_t, *partner_q;
} World;

static inline double uniform(uint64_t word)
{
    union { uint64_t bits; double value; } u = {(word << 20) | 0x3FF0000000000000ull};
    return u.value - 1.0;
}

static void draw(int64_t first, int n, uint64_t period, uint64_t seed, uint64_t world, int32_t *restrict partner_t,
                 int32_t *restrict partner_q, double *restrict chance, double *restrict size)
{
    const uint64_t count = n;
    for (int i = 0; i < n; i++) {
        uint64_t c0 = (uint64_t)(first + i) & LOW, c1 = (uint64_t)(first + i) >> 32, c2 = period, c3 = 1;
        uint64_t k0 = seed & LOW, k1 = world & LOW;
#pragma GCC unroll 10
        for (int round = 0; round < 10; round++) {
            const uint64_t p0 = 0xD2511F53ull * (c0 & LOW), p1 = 0xCD9E8D57ull * (c2 & LOW);
            c0 = (p1 >> 32) ^ c1 ^ k0;
            c1 = p1;
            c2 = (p0 >> 32) ^ c3 ^ k1;
            c3 = p0;
            k0 = (k0 + 0x9E3779B9ull) & LOW;
            k1 = (k1 + 0xBB67AE85ull) & LOW;
        }
        partner_t[i] = (int32_t)((c0 & LOW) * count >> 32);
        partner_q[i] = (int32_t)((c1 & LOW) * count >> 32);
        chance[i] = uniform(c2 & LOW);
        size[i] = uniform(c3 & LOW) + 0x1p-33;
    }
}

static void gather(const double *restrict source, const int32_t *restrict partner, double *restrict target, int n)
{
    for (int i = 0; i < n; i++) target[i] = source[partner[i]];
}

static void learn(double *restrict own, const double *restrict met, const double *restrict absorption, double rate,
                  double spillover, double pool, int n)
{
    for (int i = 0; i < n; i++) {
        const double x = own[i], gap = met[i] - x, reach = pool - x;
        own[i] = x + absorption[i] * (rate * (gap > 0.0 ? gap : 0.0) + spillover * (reach > 0.0 ? reach : 0.0));
    }
}

/* About one firm in thirty innovates: list them without a branch on chance, then one loop for the logarithms. */
static void innovate(double *restrict technology, double *restrict quality, const double *restrict absorption,
                     const double *restrict chance, const double *restrict size, double probability, double step,
                     int32_t *restrict listed, double *restrict jump, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) {
        listed[count] = i;
        count += chance[i] < 2.0 * probability * absorption[i];
    }
    for (int j = 0; j < count; j++) jump[j] = size[listed[j]];
    for (int j = 0; j < count; j++) jump[j] = -step * log(jump[j]);
    for (int j = 0; j < count; j++) {
        const int i = listed[j];
        const int process = chance[i] < probability * absorption[i];
        technology[i] += process ? jump[j] : 0.0;
        quality[i] += process ? 0.0 : jump[j];
    }
}

static void rate(const double *restrict technology, const double *restrict quality, double *restrict fitness,
                 double price_weight, double quality_weight, double level, int n)
{
    for (int i = 0; i < n; i++) {
        double f = quality_weight * quality[i] + price_weight * technology[i] - level;
        f = f < 600.0 ? f : 600.0;
        f = f > -600.0 ? f : -600.0;
        fitness[i] = exp(f);
    }
}

static void sum_first(World *w, int c, int n)
{
    const double *restrict t = w->technology + (int64_t)c * n, *restrict q = w->quality + (int64_t)c * n;
    const double *restrict f = w->fitness + (int64_t)c * n;
    double a = 0.0, b = 0.0, d = 0.0;
    for (int i = 0; i < n; i++) a += t[i], b += q[i], d += f[i];
    w->technology_sum[c] = a, w->quality_sum[c] = b, w->fitness_sum[c] = d;
}

static void sum_second(World *w, int c, int n)
{
    const double *restrict s = w->share + (int64_t)c * n, *restrict m = w->cash + (int64_t)c * n;
    const double *restrict e = w->research + (int64_t)c * n;
    double b = 0.0, d = 0.0, g = 0.0;
    for (int i = 0; i < n; i++) b += s[i] * s[i], d += m[i], g += e[i];
    w->squares[c] = b, w->cash_sum[c] = d, w->research_sum[c] = g;
}

/* Pools of knowledge and overhead of a region's cells, from the sums of the period before. */
static void prepare_region(World *w, const Parameters *p, int R, int S, int n, int r)
{
    double t = 0.0, q = 0.0, sales = 0.0;
    for (int c = r * S; c < (r + 1) * S; c++)
        t += w->technology_sum[c], q += w->quality_sum[c], sales += w->share_sum[c] * R;
    sales = fmax(sales / S, p->least_sales);
    for (int c = r * S; c < (r + 1) * S; c++) {
        const double sold = fmax(w->share_sum[c] * R, p->least_sales);
        w->pool_t[c] = (1.0 - p->beyond) * w->technology_sum[c] / n + p->beyond * t / (n * S);
        w->pool_q[c] = (1.0 - p->beyond) * w->quality_sum[c] / n + p->beyond * q / (n * S);
        w->overhead[c] = log(1.0 + p->facility / sold + p->facility_region / sales);
    }
}

/* First half of a period for a cell: meetings, learning, innovation, fitness. */
static void work_cell(World *w, const Parameters *p, int S, int n, int c, uint64_t period, uint64_t seed,
                      uint64_t world)
{
    double *own_t = w->technology + (int64_t)c * n, *own_q = w->quality + (int64_t)c * n;
    const double *restrict research = w->research + (int64_t)c * n;
    double *restrict absorption = w->absorption;
    const double difficulty = p->difficulty;
    draw((int64_t)c * n, n, period, seed, world, w->partner_t, w->partner_q, w->chance, w->size);
    gather(own_t, w->partner_t, w->met_t, n);
    gather(own_q, w->partner_q, w->met_q, n);
    for (int i = 0; i < n; i++) absorption[i] = research[i] / (research[i] + difficulty);
    learn(own_t, w->met_t, absorption, p->learning_technology, p->spillover, w->pool_t[c], n);
    learn(own_q, w->met_q, absorption, p->learning_quality, p->spillover, w->pool_q[c], n);
    innovate(own_t, own_q, absorption, w->chance, w->size, p->chance, p->step, w->partner_t, w->met_t, n);
    rate(own_t, own_q, w->fitness + (int64_t)c * n, p->price_weight, p->quality_weight,
         w->level[c % S] + p->price_weight * w->overhead[c], n);
    sum_first(w, c, n);
}

/* What the sum of all firms' fitness decides: levels and, from sums alone, the new shares of the cells. */
static void settle_market(World *w, const Parameters *p, int R, int S, int n)
{
    for (int k = 0; k < S; k++) {
        double everyone = 0.0;
        for (int c = k; c < R * S; c += S) everyone += w->fitness_sum[c];
        w->win[k] = p->choice / everyone;
        w->level[k] += log(everyone / ((double)R * n));
        for (int c = k; c < R * S; c += S)
            w->share_sum[c] = (1.0 - p->choice) * w->share_sum[c] + w->win[k] * w->fitness_sum[c];
    }
}

/* Second half of a period for a cell, and its part of the outcomes. */
static void settle_cell(World *w, const Parameters *p, int R, int S, int n, int c, double *row)
{
    const double keep = 1.0 - p->choice, demand = (double)R * n, margin = p->margin, effort = p->effort;
    const double operating = p->operating, saved = 1.0 - p->payout, kept = 1.0 - p->fading;
    const double firms = (double)R * S * n, win = w->win[c % S];
    double *restrict share = w->share + (int64_t)c * n, *restrict cash = w->cash + (int64_t)c * n;
    double *restrict research = w->research + (int64_t)c * n;
    const double *restrict fitness = w->fitness + (int64_t)c * n;
    for (int i = 0; i < n; i++) {
        const double s = keep * share[i] + win * fitness[i], sales = demand * s;
        const double spent = cash[i] >= 0.0 ? effort * sales : 0.0;
        share[i] = s;
        cash[i] = saved * cash[i] + (margin * sales - spent - operating);
        research[i] = kept * research[i] + spent;
    }
    sum_second(w, c, n);
    row[0] += w->technology_sum[c] / firms, row[1] += w->quality_sum[c] / firms;
    row[2] += w->squares[c] * R * n / S, row[3] += w->cash_sum[c] / firms, row[4] += w->research_sum[c] / firms;
}

static double *take(double **memory, int64_t count)
{
    double *taken = *memory;
    *memory += (count + 7) / 8 * 8;
    return taken;
}

/* outcomes[worlds][periods][OUTCOMES]; technology and quality at the start are [cells * n]; returns 0 if all is well */
int run_worlds(const double *technology, const double *quality, const Parameters *p, int R, int S, int n, int64_t seed,
               int worlds, int periods, int threads, double *outcomes)
{
    const int64_t cells = (int64_t)R * S, firms = cells * n;
    int failed = 0;
#pragma omp parallel num_threads(threads)
    {
        const size_t page = (size_t)1 << 21;
        const size_t bytes = 8 * (6 * (firms + 8) + 10 * (cells + 8) + 2 * (S + 8) + 7 * (n + 16));
        const size_t pages = (bytes + page - 1) / page * page;
        double *all = aligned_alloc(page, pages);
#ifdef MADV_HUGEPAGE
        if (all) madvise(all, pages, MADV_HUGEPAGE); /* as NumPy does for its arrays */
#endif
        World w;
        if (all) {
            double *m = all, **rows[] = {&w.technology, &w.quality, &w.share, &w.cash, &w.research, &w.fitness};
            double **sums[] = {&w.technology_sum, &w.quality_sum, &w.share_sum, &w.squares, &w.cash_sum,
                               &w.research_sum, &w.fitness_sum, &w.pool_t, &w.pool_q, &w.overhead};
            double **work[] = {&w.met_t, &w.met_q, &w.chance, &w.size, &w.absorption};
            for (int j = 0; j < 6; j++) *rows[j] = take(&m, firms);
            for (int j = 0; j < 10; j++) *sums[j] = take(&m, cells);
            for (int j = 0; j < 5; j++) *work[j] = take(&m, n);
            w.level = take(&m, S), w.win = take(&m, S);
            w.partner_t = (int32_t *)take(&m, n), w.partner_q = (int32_t *)take(&m, n);
        }
#pragma omp for schedule(dynamic)
        for (int number = 0; number < worlds; number++) {
            if (!all) {
                failed = 1;
                continue;
            }
            memcpy(w.technology, technology, firms * 8);
            memcpy(w.quality, quality, firms * 8);
            memset(w.level, 0, S * 8);
            for (int64_t i = 0; i < firms; i++)
                w.share[i] = 1.0 / ((double)R * n), w.cash[i] = 1.0, w.research[i] = 0.5, w.fitness[i] = 0.0;
            for (int c = 0; c < cells; c++) sum_first(&w, c, n), w.share_sum[c] = 1.0 / R;
            for (int r = 0; r < R; r++) {
                prepare_region(&w, p, R, S, n, r);
                for (int c = r * S; c < (r + 1) * S; c++) work_cell(&w, p, S, n, c, 1, seed, number);
            }
            for (int t = 0; t < periods; t++) {
                double *row = outcomes + ((int64_t)number * periods + t) * OUTCOMES;
                memset(row, 0, OUTCOMES * sizeof *row);
                settle_market(&w, p, R, S, n);
                for (int r = 0; r < R; r++) {
                    double sales = 0.0;
                    prepare_region(&w, p, R, S, n, r);
                    for (int c = r * S; c < (r + 1) * S; c++) { /* on to the next period while it is in the cache */
                        settle_cell(&w, p, R, S, n, c, row);
                        sales += w.share_sum[c];
                        if (t + 1 < periods) work_cell(&w, p, S, n, c, t + 2, seed, number);
                    }
                    row[5] += sales * sales * R / ((double)S * S);
                }
            }
        }
        free(all);
    }
    return failed;
}
