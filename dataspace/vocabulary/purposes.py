"""Purposes of DPV 2.3 that policies here speak of, with what each is a kind of, and a few that DPV lacks.

Source: Data Privacy Vocabulary 2.3, https://w3id.org/dpv, module `purposes` (`hasbroader`), and its health sector
extension, https://w3id.org/dpv/sector/health. One line a term: name | label | broader terms.
"""

from collections.abc import Mapping

PURPOSES = """
dpv:Purpose | Purpose
dpv:ResearchAndDevelopment | Research and Development | dpv:Purpose
dpv:AcademicResearch | Academic Research | dpv:ResearchAndDevelopment
dpv:CommercialResearch | Commercial Research | dpv:CommercialPurpose dpv:ResearchAndDevelopment
dpv:NonCommercialResearch | Non-Commercial Research | dpv:NonCommercialPurpose dpv:ResearchAndDevelopment
dpv:ScientificResearch | Scientific Research | dpv:ResearchAndDevelopment
dpv:CommercialPurpose | Commercial Purpose | dpv:Purpose
dpv:NonCommercialPurpose | Non-commercial Purpose | dpv:Purpose
dpv:PublicBenefit | Public Benefit | dpv:Purpose
dpv:CombatClimateChange | Combat Climate Change | dpv:PublicBenefit
dpv:DataAltruism | Data Altruism | dpv:PublicBenefit
dpv:ImproveHealthcare | Improve Healthcare | dpv:PublicBenefit
dpv:ImprovePublicServices | Improve Public Services | dpv:PublicBenefit
dpv:ProvideOfficialStatistics | Provide Official Statistics | dpv:PublicBenefit
dpv:PublicPolicyMaking | Public Policy Making | dpv:PublicBenefit
dpv:Marketing | Marketing | dpv:Purpose
dpv:Advertising | Advertising | dpv:Marketing
dpv:DirectMarketing | Direct Marketing | dpv:Marketing
dpv:PublicRelations | Public Relations | dpv:Marketing
dpv:SocialMediaMarketing | Social Media Marketing | dpv:Marketing
dpv:PersonalisedAdvertising | Personalised Advertising | dpv:Advertising dpv:Personalisation
dpv:TargetedAdvertising | Targeted Advertising | dpv:PersonalisedAdvertising
dpv:PoliticalCampaign | Political Campaign | dpv:Advertising dpv:Personalisation
dpv:RecruitmentAdvertising | Recruitment Advertising | dpv:Advertising dpv:PersonnelHiring
dpv:Personalisation | Personalisation | dpv:Purpose
dpv:HumanResourceManagement | Human Resource Management | dpv:Purpose
dpv:PersonnelManagement | Personnel Management | dpv:HumanResourceManagement
dpv:PersonnelHiring | Personnel Hiring | dpv:PersonnelManagement
dpv:PersonnelMonitoring | Personnel Monitoring | dpv:PersonnelManagement
dpv:PersonnelPerformanceManagement | Personnel Performance Management | dpv:PersonnelManagement dpv:PersonnelMonitoring
dpv:PersonnelTerminationManagement | Personnel Termination Management | dpv:PersonnelManagement
dpv:RecruitmentManagement | Recruitment Management | dpv:PersonnelHiring
dpv:RecruitmentApplicantSelection | Recruitment Applicant Selection | dpv:RecruitmentManagement
dpv:CustomerManagement | Customer Management | dpv:Purpose
dpv:CustomerCare | Customer Care | dpv:CustomerManagement
dpv:CustomerSolvencyMonitoring | Customer Solvency Monitoring | dpv:CustomerManagement
dpv:ServiceManagement | Service Management | dpv:Purpose
dpv:ServiceProvision | Service Provision | dpv:ServiceManagement
dpv:ServiceMonitoring | Service Monitoring | dpv:ServiceManagement
dpv:ServiceUsageAnalytics | Service Usage Analytics | dpv:ServiceMonitoring
dpv:ServiceOptimisation | Service Optimisation | dpv:ServiceManagement
dpv:OptimisationForConsumer | Optimisation for Consumer | dpv:ServiceOptimisation
dpv:OptimisationForController | Optimisation for Controller | dpv:ServiceOptimisation
dpv:ImproveExistingProductsAndServices | Improve Existing Products and Services | dpv:OptimisationForController
dpv:IncreaseServiceRobustness | Increase Service Robustness | dpv:OptimisationForController
dpv:InternalResourceOptimisation | Internal Resource Optimisation | dpv:OptimisationForController
dpv:SellProducts | Sell Products | dpv:ServiceProvision
dpv:SellDataToThirdParties | Sell Data to Third Parties | dpv:SellProducts
dpv:SellInsightsFromData | Sell Insights from Data | dpv:SellProducts
dpv:EnforceSecurity | Enforce Security | dpv:Purpose
dpv:FulfilmentOfObligation | Fulfilment of Obligation | dpv:Purpose
dpv:LegalCompliance | Legal Compliance | dpv:FulfilmentOfObligation
dpv:OrganisationGovernance | Organisation Governance | dpv:Purpose
dpv:RecordManagement | Record Management | dpv:Purpose
health:HealthcareManagement | Healthcare Management | dpv:Purpose
health:InsuranceManagement | Insurance Management | health:HealthcareManagement
health:HealthInsuranceManagement | Health Insurance Management | health:InsuranceManagement
health:LifeInsuranceManagement | Life Insurance Management | health:InsuranceManagement
ds:PopulationOriginsResearch | Population Origins Research | dpv:ResearchAndDevelopment
ds:GeneticResearch | Genetic Research | dpv:ResearchAndDevelopment
ds:MethodsResearch | Methods Research | dpv:ResearchAndDevelopment
ds:PredictiveMaintenance | Predictive Maintenance | dpv:InternalResourceOptimisation
ds:DecisionAgainstPerson | Decision against a Person | dpv:Purpose
ds:InsuranceDecision | Insurance Decision | ds:DecisionAgainstPerson
ds:CreditDecision | Credit Decision | ds:DecisionAgainstPerson
ds:JobDecision | Job Decision | ds:DecisionAgainstPerson
ds:HarmfulProductDevelopment | Harmful Product Development | dpv:Purpose
ds:ActivityAgainstNationalEthics | Activity against National Ethics Rules | dpv:Purpose
"""

ALIASES: Mapping[str, str] = {
    "research": "dpv:ResearchAndDevelopment",
    "statistics": "dpv:ProvideOfficialStatistics",
    "official statistics": "dpv:ProvideOfficialStatistics",
    "insurance": "health:InsuranceManagement",
    "insurance premiums": "ds:InsuranceDecision",
    "credit": "ds:CreditDecision",
    "credit scoring": "ds:CreditDecision",
    "job decisions": "ds:JobDecision",
    "hiring": "dpv:PersonnelHiring",
    "employee monitoring": "dpv:PersonnelMonitoring",
    "ancestry research": "ds:PopulationOriginsResearch",
    "methods development": "ds:MethodsResearch",
    "maintenance": "ds:PredictiveMaintenance",
    "any purpose": "dpv:Purpose",
}
"""Short names that people may write, beside each term's own label."""
